//! Writes the synthetic and the hostile inputs to files, for whole processes to scan.
//!
//! ```text
//! inputs FOLDER BYTES [NAME...]      writes each named input, or all, as FOLDER/NAME.txt
//! inputs                             prints the names with what each aims at
//! ```

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use keysieve_benches::Random;
use keysieve_benches::data::Kind;
use keysieve_benches::hostile::INPUTS;

/// Ordinary text is made in parts of this length, so that a long file needs no memory.
const PART: usize = 16 << 20;

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, length, names @ ..] = &args[..] else {
        Kind::ALL
            .iter()
            .for_each(|kind| println!("{:18} ordinary", kind.name()));
        INPUTS
            .iter()
            .for_each(|input| println!("{:18} {}", input.name, input.aim));
        return Ok(());
    };
    let length = length
        .parse()
        .map_err(|_| format!("{length} is no number of bytes"))?;
    fs::create_dir_all(folder).map_err(|error| format!("{folder}: {error}"))?;
    let all: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| kind.name())
        .chain(INPUTS.iter().map(|input| input.name))
        .map(str::to_owned)
        .collect();
    for name in if names.is_empty() { &all[..] } else { names } {
        write(Path::new(folder), name, length).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, length: usize) -> Result<(), String> {
    let create =
        || File::create(folder.join(name).with_extension("txt")).map_err(|error| error.to_string());
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) {
        let (mut file, mut random, mut left) = (create()?, Random::new(1), length);
        while left > 0 {
            let part = kind.text(&mut random, left.min(PART));
            file.write_all(&part).map_err(|error| error.to_string())?;
            left -= part.len();
        }
        return Ok(());
    }
    let input = INPUTS
        .iter()
        .find(|input| input.name == name)
        .ok_or("no input has this name")?;
    create()?
        .write_all(&input.text(length))
        .map_err(|error| error.to_string())
}
