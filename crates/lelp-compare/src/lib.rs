//! Honest comparison of distillation methods: data sets x teachers x students x methods x seeds.

pub mod record;
