//! A thread pool that works in blocks of a fixed size and merges their results in order.
//!
//! Where a block ends never depends on the number of threads, so neither do the bytes that come out.

use std::num::NonZeroUsize;

use rayon::ThreadPool;
use rayon::prelude::*;

/// A thread pool; where the system refuses threads, the caller's own does the work (same bytes, later).
///
/// So it does in a process that was forked with a pool in its memory: threads are not forked.
pub(crate) struct Workers {
    threads: usize,
    pool: Option<ThreadPool>,
    /// The process that the pool's threads are in.
    process: u32,
}

impl Workers {
    pub(crate) fn new(threads: NonZeroUsize) -> Self {
        let threads = threads.get();
        let build = || rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        // A system that refuses threads can still do the work, in the caller's own.
        let pool = if threads > 1 { build().ok() } else { None };
        Self { threads, pool, process: std::process::id() }
    }

    /// The pool, where its threads are in this process.
    fn pool(&self) -> Option<&ThreadPool> {
        self.pool.as_ref().filter(|_| self.process == std::process::id())
    }

    /// Threads that were asked for.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work` for each of `items`.
    pub(crate) fn on_each<T: Send>(&self, items: &mut [T], work: impl Fn(&mut T) + Sync) {
        match self.pool() {
            Some(pool) if items.len() > 1 => pool.install(|| items.par_iter_mut().for_each(&work)),
            _ => items.iter_mut().for_each(work),
        }
    }

    /// Runs `work` for each of `0..blocks` and hands the results to `merge` in that order.
    ///
    /// At most two results a thread wait at a time, so memory does not grow with `blocks`.
    pub(crate) fn in_order<R: Send>(
        &self,
        blocks: usize,
        work: impl Fn(usize) -> R + Sync,
        mut merge: impl FnMut(R),
    ) {
        let Some(pool) = self.pool() else { return (0..blocks).map(work).for_each(merge) };
        let wave = 2 * self.threads;
        for first in (0..blocks).step_by(wave) {
            let last = blocks.min(first + wave);
            let results: Vec<R> = pool.install(|| (first..last).into_par_iter().map(&work).collect());
            results.into_iter().for_each(&mut merge);
        }
    }

    /// Runs `work` in a pool of one thread, for libraries whose sums depend on how many threads share them.
    ///
    /// `None` where the system gives no thread.
    pub(crate) fn alone<R: Send>(work: impl FnOnce() -> R + Send) -> Option<R> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().ok()?;
        Some(pool.install(work))
    }

    /// Runs `work(block, chunk)` for each `size` values of `out`; the last chunk may be shorter.
    pub(crate) fn on_chunks(&self, out: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        match self.pool() {
            None => out.chunks_mut(size).enumerate().for_each(|(block, chunk)| work(block, chunk)),
            Some(pool) => pool.install(|| {
                out.par_chunks_mut(size).enumerate().for_each(|(block, chunk)| work(block, chunk));
            }),
        }
    }
}

impl Clone for Workers {
    /// A pool of its own, of as many threads.
    fn clone(&self) -> Self {
        Self::new(NonZeroUsize::new(self.threads).expect("a pool has a thread"))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // Its threads cannot be told to end: they are not here.
            std::mem::forget(self.pool.take());
        }
    }
}
