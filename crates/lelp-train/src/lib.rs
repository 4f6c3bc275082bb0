//! Teachers, signals, distillation methods and the training loop of `lelp`.

pub mod data;
pub mod distill;
pub mod evaluate;
pub mod method;
pub mod model;
pub mod run;
pub mod teacher;
