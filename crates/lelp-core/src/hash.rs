//! Hashes of numbers: the same wherever and whenever a number is met.

/// A well-mixed number for `place` under `seed`.
///
/// # Source
/// Steele, Lea and Flood 2014, the finaliser of `SplitMix64`, applied to each in turn.
#[must_use]
pub fn hash(seed: u64, place: u64) -> u64 {
    mix(mix(seed.wrapping_add(GOLDEN)) ^ place.wrapping_add(GOLDEN))
}

/// 2^64 over the golden ratio: multiples of it spread small numbers over all bits.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014; constants by Stafford, "Mix13"): neighbouring numbers get
/// unrelated hashes. One to one.
#[must_use]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
