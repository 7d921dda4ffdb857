//! Shannon entropy, and how hard a value is to guess.

/// Shannon entropy of the bytes of `value`, in bits a byte: 0 for an empty or constant value, at most 8.
pub fn shannon(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for &b in value {
        counts[usize::from(b)] += 1;
    }
    let n = value.len() as f64;
    counts
        .iter()
        .filter(|&&c| c > 0)
        .map(|&c| f64::from(c) / n)
        .map(|p| -p * p.log2())
        .sum::<f64>()
        .max(0.0)
}

/// Estimated bits of a value as a whole: entropy a byte times length. An upper bound for what a guesser must try.
pub fn estimated_bits(value: &[u8]) -> f64 {
    shannon(value) * value.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(shannon(b""), 0.0);
        assert_eq!(shannon(b"aaaa"), 0.0);
        assert!((shannon(b"abcd") - 2.0).abs() < 1e-12);
        assert!((estimated_bits(b"abab") - 4.0).abs() < 1e-12);
    }
}
