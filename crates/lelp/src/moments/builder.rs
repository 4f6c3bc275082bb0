//! Gathers rows of each class into blocks, across calls, and the blocks into moments.

use std::fmt;
use std::num::NonZeroUsize;

use crate::blocks::Workers;
use crate::error::{FitError, ShapeError};
use crate::moments::block::{BLOCK_ROWS, BlockMoments, Precision, gather};
use crate::moments::{ClassMoments, Members, Sums, rows_by_class};
use crate::signals::Signals;

/// Gathers [`ClassMoments`], chunk by chunk.
///
/// Rows of a class fill one block after the other, over as many calls as it takes: neither how rows are cut into calls nor
/// the number of threads changes a bit of the result.
///
/// # Memory
/// Beside the moments at most 1024 rows of each class, and four more blocks a thread; it does not grow with rows.
pub struct MomentsBuilder {
    width: usize,
    classes: usize,
    workers: Workers,
    sums: Vec<Sums>,
    /// The block of each class that is being filled.
    open: Vec<OpenBlock>,
    /// Full blocks, those of each class in the order of its rows.
    full: Vec<FullBlock>,
    /// What was computed of blocks that are merged; their memory is used again, as is that of their rows.
    products: Vec<BlockMoments>,
    spare: Vec<Vec<f32>>,
}

/// Rows of a class, `[rows, width + classes]`.
#[derive(Clone, Default)]
struct OpenBlock {
    values: Vec<f32>,
    /// Rows of the class in earlier blocks.
    earlier: usize,
}

#[derive(Clone)]
struct FullBlock {
    class: usize,
    precision: Precision,
    values: Vec<f32>,
}

/// Rows of a call on their way into a block.
struct Filling<'a> {
    class: usize,
    values: Vec<f32>,
    rows: &'a [usize],
}

impl fmt::Debug for MomentsBuilder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MomentsBuilder [{} classes, width {}]", self.classes, self.width)
    }
}

impl Clone for MomentsBuilder {
    /// Without the memory that is only there to be used again.
    fn clone(&self) -> Self {
        Self {
            width: self.width,
            classes: self.classes,
            workers: self.workers.clone(),
            sums: self.sums.clone(),
            open: self.open.clone(),
            full: self.full.clone(),
            products: Vec::new(),
            spare: Vec::new(),
        }
    }
}

impl MomentsBuilder {
    /// Moments of no rows yet, gathered by `threads` threads.
    #[must_use]
    pub fn new(classes: usize, width: usize, threads: NonZeroUsize) -> Self {
        Self {
            width,
            classes,
            workers: Workers::new(threads),
            sums: vec![Sums::new(width + classes); classes],
            open: (0..classes).map(|_| OpenBlock::default()).collect(),
            full: Vec::new(),
            products: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`FitError::Shape`] if width or classes differ; [`FitError::NoLabels`] if members by label have none.
    pub fn add(&mut self, signals: &Signals, members: Members) -> Result<(), FitError> {
        ShapeError::check("width of the signals", signals.width(), self.width)?;
        ShapeError::check("classes of the signals", signals.classes(), self.classes)?;
        self.add_members(signals, &rows_by_class(signals, members)?);
        Ok(())
    }

    /// Adds the rows `rows_of` each class, of signals that were checked.
    pub(crate) fn add_members(&mut self, signals: &Signals, rows_of: &[Vec<usize>]) {
        let mut rest: Vec<&[usize]> = rows_of.iter().map(Vec::as_slice).collect();
        // In steps, so that a large call fills few blocks at a time.
        let step = self.wave() * BLOCK_ROWS;
        for last in (0..signals.rows()).step_by(step).map(|first| first + step) {
            let mut filling = Vec::new();
            for (class, rest) in rest.iter_mut().enumerate() {
                let (now, later) = rest.split_at(rest.partition_point(|&row| row < last));
                self.assign(class, now, &mut filling);
                *rest = later;
            }
            let columns = self.columns();
            self.workers.on_each(&mut filling, |fill| gather(signals, fill.rows, columns, &mut fill.values));
            for Filling { class, values, .. } in filling {
                self.put_back(class, values);
            }
            while self.full.len() >= self.wave() {
                self.merge_wave();
            }
        }
    }

    /// Gives back the memory that is kept for further rows; they can still come.
    pub fn release(&mut self) {
        (self.products, self.spare) = (Vec::new(), Vec::new());
    }

    /// The moments of all rows.
    #[must_use]
    pub fn finish(mut self) -> ClassMoments {
        for class in 0..self.classes {
            self.close(class);
        }
        while !self.full.is_empty() {
            self.merge_wave();
        }
        ClassMoments::new(self.classes, self.width, self.sums)
    }

    fn columns(&self) -> usize {
        self.width + self.classes
    }

    /// Blocks that are worked on at once.
    fn wave(&self) -> usize {
        2 * self.workers.threads()
    }

    /// Deals `rows` of a class to its open block, and to new ones where that gets full.
    fn assign<'a>(&mut self, class: usize, mut rows: &'a [usize], filling: &mut Vec<Filling<'a>>) {
        let mut values = std::mem::take(&mut self.open[class].values);
        loop {
            let room = BLOCK_ROWS - values.len() / self.columns();
            let (now, later) = rows.split_at(room.min(rows.len()));
            filling.push(Filling { class, values, rows: now });
            if later.is_empty() {
                break;
            }
            values = self.spare.pop().unwrap_or_default();
            rows = later;
        }
    }

    /// Takes back a block whose rows were gathered.
    fn put_back(&mut self, class: usize, values: Vec<f32>) {
        let is_full = values.len() == BLOCK_ROWS * self.columns();
        self.open[class].values = values;
        if is_full {
            self.close(class);
        }
    }

    /// Sets the open block of a class aside, if it has rows.
    fn close(&mut self, class: usize) {
        let next = self.spare.pop().unwrap_or_default();
        let open = &mut self.open[class];
        let values = std::mem::replace(&mut open.values, next);
        let rows = values.len() / (self.width + self.classes);
        if rows > 0 {
            self.full.push(FullBlock { class, precision: Precision::after_rows(open.earlier), values });
            open.earlier += rows;
        }
    }

    /// Computes the first full blocks side by side, and merges them in their order.
    fn merge_wave(&mut self) {
        let columns = self.columns();
        // The first blocks are in `f64`, which takes twice the memory: half as many of them at once.
        let double = self.full.first().is_some_and(|block| block.precision == Precision::Double);
        let most = if double { self.workers.threads() } else { self.wave() };
        let count = most.min(self.full.len());
        let wave: Vec<FullBlock> = self.full.drain(..count).collect();
        self.products.resize_with(count, BlockMoments::default);
        let mut pairs: Vec<_> = wave.into_iter().zip(&mut self.products).collect();
        self.workers.on_each(&mut pairs, |(block, moments)| {
            moments.compute(&mut block.values, columns, self.width, block.precision);
        });
        for (class, sums) in self.sums.iter_mut().enumerate() {
            let of_class = pairs.iter().filter(|(block, _)| block.class == class);
            let blocks: Vec<&BlockMoments> = of_class.map(|(_, moments)| &**moments).collect();
            if !blocks.is_empty() {
                sums.merge_blocks(&blocks, &self.workers);
            }
        }
        for (FullBlock { mut values, .. }, _) in pairs {
            values.clear();
            self.spare.push(values);
        }
    }
}
