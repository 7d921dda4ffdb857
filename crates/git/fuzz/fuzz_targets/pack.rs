#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = std::env::temp_dir().join(format!("keysieve-fuzz-{}", std::process::id()));
    keysieve_git::fuzz::pack(&folder, bytes).expect("the temporary folder can be written");
});
