//! Which texts run together.
//!
//! Texts of one length in tokens form a batch, so that nothing is padded and no mask is needed; a batch
//! holds at most a budget of tokens. Batches follow from the lengths alone, never from the thread count.

/// Tokens in a batch, at most (but a batch holds at least one text). Measured on `MiniLM`: from 512 up the
/// speed is flat, and small batches share more evenly among threads.
pub(crate) const TOKEN_BUDGET: usize = 1024;

/// Groups texts, given by their lengths in tokens, into batches of equal length, the longest first so that
/// threads finish together. Within a batch, texts keep their order.
pub(crate) fn batches(lengths: &[usize], budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(lengths[index]));
    order
        .chunk_by(|&left, &right| lengths[left] == lengths[right])
        .flat_map(|same| same.chunks((budget / lengths[same[0]].max(1)).max(1)))
        .map(<[usize]>::to_vec)
        .collect()
}
