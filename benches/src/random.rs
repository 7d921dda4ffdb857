//! Random numbers that are the same everywhere, for ever.

/// SplitMix64 (Steele, Lea, Flood 2014). Ours rather than a package's: the checked-in instruction counts hold for the
/// very bytes that it makes, and must not move with a dependency.
#[derive(Clone, Debug)]
pub struct Random(u64);

/// Letters and digits.
pub(crate) const BASE62: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// The alphabet of RFC 4648, section 4.
pub(crate) const BASE64: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Hexadecimal digits.
pub(crate) const HEX: &[u8] = b"0123456789abcdef";

impl Random {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is small: the bias of the reduction does not matter here.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// One of `items`, which are some.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// Appends `count` characters of `alphabet`.
    pub fn characters(&mut self, alphabet: &[u8], count: usize, out: &mut Vec<u8>) {
        for _ in 0..count {
            out.push(alphabet[self.below(alphabet.len())]);
        }
    }

    /// `count` characters of `alphabet`.
    pub fn word(&mut self, alphabet: &[u8], count: usize) -> String {
        let mut out = Vec::with_capacity(count);
        self.characters(alphabet, count, &mut out);
        String::from_utf8(out).expect("the alphabets are ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        let mut random = Random::new(1234567);
        assert_eq!(random.bits(), 6457827717110365317);
        assert_eq!(random.bits(), 3203168211198807973);
    }

    #[test]
    fn numbers_stay_below_their_end() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| random.below(7) < 7));
    }
}
