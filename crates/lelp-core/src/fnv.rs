//! The hash of words and n-grams: FNV-1a, 64 bits (Fowler, Noll and Vo; <http://www.isthe.com/chongo/tech/comp/fnv/>).

/// The hash of no bytes.
pub const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The hash of bytes as they are.
#[must_use]
pub fn hash_bytes(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(HASH_START, with_byte)
}

/// The hash of a string that `bytes` are appended to, from that of the string.
#[must_use]
pub fn extend_hash(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().copied().fold(hash, with_byte)
}

fn with_byte(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(PRIME)
}
