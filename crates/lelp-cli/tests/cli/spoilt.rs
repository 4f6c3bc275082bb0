//! Mistakes in bytes: bits that flip, bytes that go or come, numbers that grow.

/// Small numbers of a well-known series (Knuth's `MMIX`), so that a failure can be had again.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// `seed` with one to four mistakes. Half of them are near the beginning, where headers are.
pub(crate) fn spoilt(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const EDGES: [u64; 6] = [0, u64::MAX, 1 << 31, 1 << 40, i64::MAX as u64, 0xFFFF_FFFF];
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let reach = if numbers.below(2) == 0 { bytes.len().min(512) } else { bytes.len() };
        let place = numbers.below(reach);
        let until = (place + 1 + numbers.below(16)).min(bytes.len());
        match numbers.below(9) {
            _ if bytes.is_empty() => bytes.push(0),
            0 => bytes[place] ^= 1 << numbers.below(8),
            1 => bytes[place] = [0, 0xFF, 0x80, 0x7F, b'"', b'\n', b'{', b','][numbers.below(8)],
            2 => drop(bytes.drain(place..until)),
            3 => bytes.insert(place, numbers.below(256) as u8),
            4 => {
                let again = bytes[place..until].to_vec();
                bytes.splice(place..place, again);
            }
            5 => {
                let edge = EDGES[numbers.below(6)].to_le_bytes();
                bytes[place..until].iter_mut().zip(edge).for_each(|(byte, edge)| *byte = edge);
            }
            6 => bytes.truncate(place),
            _ => grow_number(&mut bytes, place, EDGES[numbers.below(6)]),
        }
    }
    bytes
}

/// Puts `number` in the place of the first digits behind `place`.
fn grow_number(bytes: &mut Vec<u8>, place: usize, number: u64) {
    let Some(first) = bytes[place..].iter().position(u8::is_ascii_digit) else { return };
    let first = place + first;
    let digits = bytes[first..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.splice(first..first + digits, number.to_string().into_bytes());
}
