//! What was written reads back; nothing else does, and nothing panics.

use std::any::Any;

use proptest::prelude::*;

use super::*;
use crate::moments::{ClassMoments, Members};
use crate::subclass::{
    DirectionsFit, FineLabels, FittedSplit, KmeansSettings, LelpSettings, MakerSettings, OracleSettings,
    RandomSubclassSettings, SplitStatistics, SplitStatisticsBuilder, SubclassFit, TargetSettings,
};
use crate::testing::{ONE, Teacher, number};

/// One fit of each kind that is not directions.
fn splits() -> Vec<FittedSplit> {
    let subclasses = number(4);
    let settings: [MakerSettings; 3] = [
        KmeansSettings { subclasses, ..KmeansSettings::default() }.into(),
        RandomSubclassSettings { subclasses, seed: 1 }.into(),
        OracleSettings::default().into(),
    ];
    let teacher = Teacher::new(60, 9, 2, 0.0);
    let fine: Vec<i32> = (0..60).map(|row| row % 3).collect();
    let fit = |split: &MakerSettings| {
        let mut statistics = SplitStatisticsBuilder::new(split.requirements(), 2, 9, ONE);
        let fine = Some(FineLabels::new(&fine, 3).unwrap());
        statistics.add(&teacher.signals(), Members::Teacher, fine).unwrap();
        FittedSplit::from(split.fit(&statistics.finish(), Some(&teacher.head), ONE).unwrap())
    };
    settings.iter().map(fit).collect()
}

fn fit() -> FittedSplit {
    let fit = Teacher::new(60, 9, 2, 0.0).fit(&LelpSettings::default());
    FittedSplit::from(fit).with_label_names(vec!["no".to_owned(), "yes".to_owned()]).unwrap()
}

fn targets() -> Targets {
    Targets::new(vec![0.25; 24], 2, 2, TargetSettings::default()).unwrap()
}

/// The metadata's JSON with `from` replaced by `to` of the same length.
fn changed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    let mut bytes = bytes.to_vec();
    bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

#[test]
fn a_fit_reads_back_to_the_last_bit_and_has_one_form() {
    let fit = fit();
    let bytes = fit.to_bytes();
    assert_eq!(FittedSplit::from_bytes(&bytes).unwrap(), fit);
    assert_eq!(FittedSplit::from_bytes(&bytes).unwrap().to_bytes(), bytes);
}

#[test]
fn targets_read_back_to_the_last_bit_also_without_rows() {
    for targets in [targets(), Targets::new(Vec::new(), 3, 1, TargetSettings::default()).unwrap()] {
        assert_eq!(Targets::from_bytes(&targets.to_bytes()).unwrap(), targets);
    }
}

#[test]
fn moments_read_back_to_the_last_bit_and_fit_as_before() {
    let teacher = Teacher::new(60, 9, 2, 0.0);
    let settings: MakerSettings = LelpSettings { subclasses: number(2), ..LelpSettings::default() }.into();
    let mut builder = SplitStatisticsBuilder::new(settings.requirements(), 2, 9, ONE);
    builder.add(&teacher.signals(), Members::Teacher, None).unwrap();
    let statistics = builder.clone().finish();
    let bytes = statistics.moments().unwrap().to_bytes();
    let read = ClassMoments::from_bytes(&bytes).unwrap();
    assert_eq!((&read, read.to_bytes()), (statistics.moments().unwrap(), bytes));
    let fit = |statistics: &SplitStatistics| {
        FittedSplit::from(settings.fit(statistics, Some(&teacher.head), ONE).unwrap()).to_bytes()
    };
    assert_eq!(fit(&read.into()), fit(&statistics));
    let error = ClassMoments::from_bytes(&targets().to_bytes()).unwrap_err().to_string();
    assert_eq!(error, "holds lelp targets, but lelp moments were asked for");
}

#[test]
fn a_builder_that_was_looked_at_goes_on_as_if_it_had_not_been() {
    let teacher = Teacher::new(3000, 5, 2, 0.0);
    let requirements = MakerSettings::named("lelp").unwrap().requirements();
    let builder = || SplitStatisticsBuilder::new(requirements, 2, 5, ONE);
    let (mut whole, mut looked_at) = (builder(), builder());
    for _ in 0..2 {
        whole.add(&teacher.signals(), Members::Teacher, None).unwrap();
        looked_at.add(&teacher.signals(), Members::Teacher, None).unwrap();
        assert_eq!(looked_at.clone().finish().moments().unwrap(), whole.clone().finish().moments().unwrap());
    }
    assert_eq!(looked_at.finish().moments().unwrap(), whole.finish().moments().unwrap());
}

#[test]
fn targets_are_no_fit_and_say_so() {
    let error = FittedSplit::from_bytes(&targets().to_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "holds lelp targets, but lelp subclasses were asked for");
}

#[test]
fn another_format_is_refused_with_both_numbers() {
    let bytes = changed(&fit().to_bytes(), r#"\"format\":2"#, r#"\"format\":7"#);
    let error = FittedSplit::from_bytes(&bytes).unwrap_err();
    assert!(matches!(error, ArtifactError::Format { found: 7, expected: 2 }), "{error}");
}

#[test]
fn metadata_of_other_counts_is_refused() {
    let bytes = fit().to_bytes();
    for (from, to) in [
        (r#"\"classes\":2"#, r#"\"classes\":3"#),
        (r#"\"per_class\":4"#, r#"\"per_class\":0"#),
        (r#"\"width\":9"#, r#"\"width\":0"#),
        (r#"\"head_rank\":1"#, r#"\"head_rank\":9"#),
    ] {
        let error = FittedSplit::from_bytes(&changed(&bytes, from, to)).unwrap_err();
        assert!(matches!(error, ArtifactError::Shape(_) | ArtifactError::Tensor { .. }), "{to}: {error}");
    }
}

#[test]
fn metadata_of_splits_that_disagrees_is_refused() {
    let fits: Vec<Vec<u8>> = splits().iter().map(FittedSplit::to_bytes).collect();
    for (fit, from, to) in [
        (0, r#"\"classes\":2"#, r#"\"classes\":1"#),
        (0, r#"\"per_class\":4"#, r#"\"per_class\":3"#),
        (0, r#"\"head_rank\":1"#, r#"\"head_rank\":9"#),
        (0, r#"\"subclasses\":4"#, r#"\"subclasses\":5"#),
        (1, r#"\"subclasses\":4"#, r#"\"subclasses\":0"#),
        (2, "[[[0,", "[[[9,"), // fine labels out of order
        (2, r#"\"fine\":"#, r#"\"fame\":"#),
    ] {
        let refused = FittedSplit::from_bytes(&changed(&fits[fit], from, to));
        assert!(refused.is_err(), "{to}");
    }
    let told = FittedSplit::from_bytes(&targets().to_bytes()).unwrap_err().to_string();
    assert_eq!(told, "holds lelp targets, but lelp subclasses were asked for");
}

#[test]
fn a_flipped_bit_in_a_tensor_is_found() {
    let mut bytes = fit().to_bytes();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(matches!(FittedSplit::from_bytes(&bytes).unwrap_err(), ArtifactError::Checksum { .. }));
}

#[test]
fn hostile_beginnings_are_refused() {
    let huge_header = [&(1_u64 << 60).to_le_bytes()[..], b"{}"].concat();
    let cases: [&[u8]; 4] = [b"", b"\x02\0\0\0\0\0\0\0{}", &huge_header, &u64::MAX.to_le_bytes()];
    for bytes in cases {
        assert!(FittedSplit::from_bytes(bytes).is_err());
        assert!(Targets::from_bytes(bytes).is_err());
    }
}

proptest! {
    #[test]
    fn mutated_splits_never_panic(which in 0_usize..3, place in 0_usize..4000, value: u8) {
        let mut bytes = splits()[which].to_bytes();
        let place = place % bytes.len();
        bytes[place] = value;
        if let Ok(fit) = FittedSplit::from_bytes(&bytes) {
            prop_assert_eq!(fit.outputs(), fit.classes() * fit.per_class());
        }
    }

    /// The checksum covers tensors; a change in the header may leave a valid file, but never a panic.
    #[test]
    fn mutated_bytes_never_panic(place in 0_usize..4000, value: u8, keep in 0_usize..8000) {
        let mut bytes = fit().to_bytes();
        let place = place % bytes.len();
        bytes[place] = value;
        bytes.truncate(keep);
        if let Ok(fit) = FittedSplit::from_bytes(&bytes) {
            let fit: &dyn Any = &*fit;
            let fit = fit.downcast_ref::<DirectionsFit>().expect("a fit of directions");
            prop_assert_eq!(fit.projection().len(), fit.width() * fit.outputs());
        }
        let mut bytes = targets().to_bytes();
        let place = place % bytes.len();
        bytes[place] = value;
        if let Ok(targets) = Targets::from_bytes(&bytes) {
            prop_assert_eq!(targets.values().len(), targets.rows() * targets.classes() * targets.per_class());
        }
    }
}
