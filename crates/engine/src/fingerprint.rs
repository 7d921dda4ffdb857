//! A name for a secret that does not tell it.
//!
//! Version 1 is `ks1:` and 32 hex digits: the first 128 bits of HMAC-SHA-256 over the rule id, a zero byte and the
//! value. The key is the user's (`KEYSIEVE_FINGERPRINT_KEY`) or a fixed public one. A value of less than 64 bits of
//! estimated entropy is stretched with Argon2id first, so that a report is no dictionary oracle for passwords. Neither
//! path nor line is in it: a fingerprint survives moves and edits, and changes on rotation.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::str::FromStr;
use std::sync::{Arc, LazyLock, Mutex};

use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::checks::entropy;

/// What a fingerprint of version 1 begins with.
const PREFIX: &str = "ks1:";

/// The fingerprint of a secret, version 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let hex = text.strip_prefix(PREFIX).filter(|hex| hex.len() == 32);
        let hex = hex.ok_or(NoFingerprint)?.as_bytes();
        let digit = |b: u8| match b {
            b'0'..=b'9' => Ok(b - b'0'),
            b'a'..=b'f' => Ok(b - b'a' + 10),
            _ => Err(NoFingerprint),
        };
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// The fingerprint of a finding, which is made when it is first looked at: one of a value that can be guessed costs a
/// millisecond, and most of those are of findings that no report shows. Clones share it.
#[derive(Clone)]
pub struct LazyFingerprint(Arc<LazyLock<Fingerprint, Make>>);

/// Makes a fingerprint.
type Make = Box<dyn FnOnce() -> Fingerprint + Send>;

impl LazyFingerprint {
    /// The one that `make` gives.
    pub fn new(make: impl FnOnce() -> Fingerprint + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }

    /// Makes it now.
    pub fn force(&self) {
        LazyLock::force(&self.0);
    }
}

impl From<Fingerprint> for LazyFingerprint {
    fn from(fingerprint: Fingerprint) -> Self {
        Self::new(move || fingerprint)
    }
}

impl Deref for LazyFingerprint {
    type Target = Fingerprint;

    fn deref(&self) -> &Fingerprint {
        &self.0
    }
}

impl fmt::Debug for LazyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// A text is no fingerprint of version 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoFingerprint;

impl fmt::Display for NoFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint is `ks1:` and 32 digits of 0-9a-f")
    }
}

impl std::error::Error for NoFingerprint {}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key that everybody has: fingerprints made with it can be compared between machines without any set-up.
const PUBLIC_KEY: &[u8] = b"keysieve fingerprint v1";
/// Values with fewer estimated bits than this can be guessed from a list.
const GUESSABLE_BITS: f64 = 64.0;
/// Argon2id: 1 MiB, one pass, one lane; about 1 ms.
const STRETCH: (u32, u32, u32) = (1024, 1, 1);
/// Stretched values that are remembered; past this, each costs its millisecond again.
const MEMO: usize = 1 << 14;

/// Makes fingerprints with one key. Shared by the threads of a scan.
pub struct Fingerprinter {
    key: Box<[u8]>,
    /// Keyed 128-bit hash of (rule, value) -> fingerprint, for the stretched ones. Holds no value.
    memo: Mutex<HashMap<(u64, u64), Fingerprint>>,
    hashers: (RandomState, RandomState),
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter(..)")
    }
}

impl Default for Fingerprinter {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Fingerprinter {
    /// Uses `key`, or the public one.
    pub fn new(key: Option<&[u8]>) -> Self {
        Self {
            key: key.unwrap_or(PUBLIC_KEY).into(),
            memo: Mutex::default(),
            hashers: (RandomState::new(), RandomState::new()),
        }
    }

    /// Names the key in 8 hex digits, without telling it: fingerprints made with different keys cannot be compared.
    pub fn key_id(&self) -> String {
        let Fingerprint(digest) = self.mac("", b"key");
        digest[..4].iter().map(|b| format!("{b:02x}")).collect()
    }

    /// As [`Fingerprinter::fingerprint`], when it is first looked at.
    pub fn lazily(self: &Arc<Self>, rule: Cow<'static, str>, value: &[u8]) -> LazyFingerprint {
        let (this, value) = (Arc::clone(self), Box::<[u8]>::from(value));
        LazyFingerprint::new(move || this.fingerprint(&rule, &value))
    }

    /// The fingerprint of `value` as a finding of the rule `rule`.
    pub fn fingerprint(&self, rule: &str, value: &[u8]) -> Fingerprint {
        if entropy::estimated_bits(value) >= GUESSABLE_BITS {
            return self.mac(rule, value);
        }
        let id = (
            self.hashers.0.hash_one((rule, value)),
            self.hashers.1.hash_one((rule, value)),
        );
        if let Some(&known) = self.lock().get(&id) {
            return known;
        }
        let fingerprint = self.mac(rule, &self.stretch(rule, value));
        let mut memo = self.lock();
        if memo.len() < MEMO {
            memo.insert(id, fingerprint);
        }
        fingerprint
    }

    fn mac(&self, rule: &str, value: &[u8]) -> Fingerprint {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(rule.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        let digest = mac.finalize().into_bytes();
        Fingerprint(std::array::from_fn(|i| digest[i]))
    }

    fn stretch(&self, rule: &str, value: &[u8]) -> [u8; 32] {
        let (memory, passes, lanes) = STRETCH;
        let params = Params::new(memory, passes, lanes, Some(32))
            .expect("the parameters are constants in range");
        // The salt binds the stretched value to key and rule; Argon2 asks for at least 8 bytes.
        let salt = self.mac(rule, b"salt").0;
        let mut out = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(value, &salt, &mut out)
            .expect("value and salt are in Argon2's range");
        out
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(u64, u64), Fingerprint>> {
        self.memo
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    const STRONG: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

    #[test]
    fn the_form_is_fixed() {
        let text = Fingerprinter::default()
            .fingerprint("a-rule", STRONG)
            .to_string();
        assert_eq!(text.len(), 4 + 32);
        assert!(text.starts_with("ks1:") && text[4..].bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        let fingerprint = Fingerprinter::default().fingerprint("a-rule", STRONG);
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        let text = fingerprint.to_string();
        for wrong in [
            "",
            "ks1:",
            &text[..35],
            &text.to_uppercase(),
            &text.replace("ks1", "ks2"),
        ] {
            assert_eq!(Fingerprint::from_str(wrong), Err(NoFingerprint), "{wrong}");
        }
    }

    #[test]
    fn a_key_has_a_name() {
        let of = |key| Fingerprinter::new(key).key_id();
        assert_eq!(of(None), of(None));
        assert_ne!(of(None), of(Some(b"ours")));
        assert_eq!(of(None).len(), 8);
    }

    #[test]
    fn version_one_never_changes() {
        let prints = Fingerprinter::default();
        assert_eq!(
            prints.fingerprint("a-rule", STRONG).to_string(),
            "ks1:b86adb070d6ef21c02da7fc052e2d191"
        );
        assert_eq!(
            prints.fingerprint("a-rule", b"hunter2").to_string(),
            "ks1:c640ec28c006bb0a65301b990dc48f59"
        );
    }

    #[test]
    fn rule_value_and_key_each_change_it() {
        let (a, b) = (Fingerprinter::default(), Fingerprinter::new(Some(b"ours")));
        for value in [STRONG, b"hunter2"] {
            assert_eq!(a.fingerprint("r", value), a.fingerprint("r", value));
            assert_ne!(a.fingerprint("r", value), a.fingerprint("s", value));
            assert_ne!(a.fingerprint("r", value), b.fingerprint("r", value));
            assert_ne!(a.fingerprint("r", value), a.fingerprint("r", b"other"));
        }
    }

    #[test]
    fn a_lazy_one_is_made_once_and_only_if_it_is_looked_at() {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let print = Fingerprinter::default().fingerprint("r", STRONG);
        let lazy = LazyFingerprint::new(move || {
            MADE.fetch_add(1, Relaxed);
            print
        });
        let clone = lazy.clone();
        assert_eq!(MADE.load(Relaxed), 0);
        assert_eq!((*lazy, *clone), (print, print));
        assert_eq!(MADE.load(Relaxed), 1);
        let prints = Arc::new(Fingerprinter::default());
        assert_eq!(*prints.lazily("r".into(), STRONG), print);
    }

    #[test]
    fn a_guessable_value_is_stretched() {
        let prints = Fingerprinter::default();
        assert_ne!(
            prints.fingerprint("r", b"hunter2"),
            prints.mac("r", b"hunter2")
        );
        assert_eq!(prints.fingerprint("r", STRONG), prints.mac("r", STRONG));
    }
}
