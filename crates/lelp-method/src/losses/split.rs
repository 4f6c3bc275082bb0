//! Methods that split classes by a target maker: every maker of the core is one.
//!
//! Splits and targets are made by the crate `lelp`; the loss is that of [`SoftTargetLoss`] over
//! `classes * subclasses` outputs, with a weight of its own for the split within classes.

use std::borrow::Cow;

use lelp::{Beta, MakerSettings, Members, Parameter, Search, SplitWeight, Temperature, Values};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kd::{SoftTargetLoss, TEMPERATURE};
use crate::Method;
use crate::alpha::{ALPHA, Alpha};
use crate::degeneracy::{Degeneracy, Severity};
use crate::error::{MethodError, MethodSettingsError};
use crate::loss::{Loss, LossObject, MethodSettings};
use crate::named_settings::to_map;
use crate::needs::Needs;
use crate::split_source::{SPLIT_SOURCE, SplitSource};
use crate::supervision::Supervision;

const ENTROPY: Parameter = Parameter::new(
    "entropy",
    Values::Positive,
    "mean entropy of the split of a row in bits, in place of its width: 0 to log2 S",
);
/// Of every method with outputs for subclasses.
pub(super) const SPLIT_WEIGHT: Parameter = Parameter::new(
    "split_weight",
    Values::NonNegative,
    "weight of the split within classes beside the classes: 1 is the paper's loss, 0 that of `kd`",
)
.searched(Search::Choices(&[0.1, 0.3, 1.0]));
const MEMBERS: Parameter = Parameter::new(
    "members",
    Values::Words(&[
        ("teacher", "the largest teacher logit, so that unlabelled rows count"),
        ("label", "the label; unlabelled rows are left out"),
    ]),
    "who says which class a row belongs to",
);
/// Where only the data says how many subclasses there are.
pub(super) const FOUND_SUBCLASSES: Parameter = Parameter::new(
    "subclasses",
    Values::Count,
    "subclasses of each class (S); where the data says it, it is filled in",
);

/// Settings of a method that splits classes. In a file they stand beside those of the target maker.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitMethod {
    /// Weight of the labels' cross-entropy; distillation has the rest.
    pub alpha: Alpha,
    /// Softens the teacher and the student alike.
    pub temperature: Temperature,
    /// Width of the split of a class, in the unit of the maker's scores: small is sharp.
    pub beta: Beta,
    /// Mean entropy of the split of a row, in bits; where given, it decides the sharpness in place of `beta`.
    pub entropy: Option<f64>,
    /// Weight of the split within classes beside the probabilities of the classes.
    pub split_weight: SplitWeight,
    /// Who says which class a row is a member of.
    pub members: Members,
    /// Whose embeddings classes are split by.
    pub split_source: SplitSource,
    /// What splits the classes.
    pub maker: MakerSettings,
    /// Subclasses of each class, where the maker leaves it to the data, once they were asked.
    pub found_subclasses: Option<usize>,
}

/// The settings beside those of the maker, as a file has them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnSettings {
    #[serde(default)]
    alpha: Alpha,
    #[serde(default)]
    temperature: Temperature,
    beta: Beta,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entropy: Option<f64>,
    split_weight: SplitWeight,
    #[serde(default)]
    members: Members,
    #[serde(default)]
    split_source: SplitSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subclasses: Option<usize>,
}

impl OwnSettings {
    fn with_maker(self, maker: MakerSettings) -> SplitMethod {
        let Self { alpha, temperature, beta, entropy, split_weight, members, split_source, subclasses } =
            self;
        let found_subclasses = subclasses;
        SplitMethod {
            alpha,
            temperature,
            beta,
            entropy,
            split_weight,
            members,
            split_source,
            maker,
            found_subclasses,
        }
    }
}

impl SplitMethod {
    /// The method of a target maker: labels left out, no softening, as sharp as is usual for the maker.
    pub fn new(maker: impl Into<MakerSettings>) -> Self {
        let maker = maker.into();
        Self {
            alpha: Alpha::default(),
            temperature: Temperature::default(),
            beta: maker.default_beta(),
            entropy: None,
            split_weight: maker.default_split_weight(),
            members: Members::default(),
            split_source: SplitSource::default(),
            found_subclasses: None,
            maker,
        }
    }

    /// The settings that are not the maker's; those of members only where it looks at their embeddings.
    fn own_parameters(&self) -> impl Iterator<Item = Parameter> {
        let looks_at_embeddings = {
            let requirements = self.maker.requirements();
            requirements.moments || requirements.sample.is_some()
        };
        let of_embeddings = looks_at_embeddings.then_some([MEMBERS, SPLIT_SOURCE]);
        let subclasses = self.maker.subclasses().is_none().then_some(FOUND_SUBCLASSES);
        let of_all = [ALPHA, TEMPERATURE, self.maker.beta(), ENTROPY, SPLIT_WEIGHT];
        of_all.into_iter().chain(of_embeddings.into_iter().flatten()).chain(subclasses)
    }
}

impl MethodSettings {
    /// How it splits classes by a target maker, where it does.
    #[must_use]
    pub fn split(&self) -> Option<&SplitMethod> {
        self.downcast_ref()
    }
}

impl Loss for SplitMethod {
    fn name(&self) -> &'static str {
        self.maker.name()
    }

    fn summary(&self) -> String {
        self.maker.summary().to_owned()
    }

    fn source(&self) -> &'static str {
        self.maker.source()
    }

    fn parameters(&self) -> Vec<Parameter> {
        self.own_parameters().chain(self.maker.parameters().iter().copied()).collect()
    }

    fn needs(&self) -> Needs {
        Needs { fine_labels: self.maker.requirements().fine_labels, ..Needs::of_targets() }
    }

    fn alpha(&self) -> Alpha {
        self.alpha
    }

    fn temperature(&self) -> Temperature {
        self.temperature
    }

    fn subclasses(&self) -> usize {
        self.maker.subclasses().map(usize::from).or(self.found_subclasses).unwrap_or(1)
    }

    fn degeneracy(&self, _classes: usize) -> Option<Degeneracy> {
        let one = self.maker.subclasses().is_some_and(|subclasses| subclasses.get() == 1);
        let (why, instead) = if one {
            (
                "one subclass a class leaves the teacher's probabilities as they are, which is `kd`",
                "4 `subclasses`",
            )
        } else if self.split_weight.get() == 0.0 {
            ("without weight on the split it is `kd` with a wider output", "a `split_weight` of 0.3")
        } else {
            return None;
        };
        Some(Degeneracy { method: self.name(), severity: Severity::Warned, why, instead })
    }

    fn with_found_subclasses(&self, subclasses: usize) -> Option<MethodSettings> {
        let found_subclasses = self.maker.subclasses().is_none().then_some(subclasses)?;
        Some(Self { found_subclasses: Some(found_subclasses), ..self.clone() }.into())
    }

    fn build<'a>(&self, supervision: Supervision<'a>) -> Result<Option<Box<dyn Method + 'a>>, MethodError> {
        let (classes, subclasses) = (supervision.classes, Loss::subclasses(self));
        let targets = Cow::Borrowed(supervision.checked_targets(self.name(), subclasses)?);
        let loss = SoftTargetLoss::new(self.name(), targets, classes, subclasses, self.temperature.get());
        Ok(Some(Box::new(loss.with_split_weight(self.split_weight))))
    }
}

impl LossObject for SplitMethod {
    fn to_json(&self) -> Map<String, Value> {
        let Self { alpha, temperature, beta, entropy, split_weight, members, split_source, .. } = *self;
        let subclasses = self.found_subclasses;
        let own = OwnSettings {
            alpha,
            temperature,
            beta,
            entropy,
            split_weight,
            members,
            split_source,
            subclasses,
        };
        let mut settings = to_map(&own);
        settings.retain(|name, _| self.own_parameters().any(|parameter| parameter.name == name));
        settings.extend(self.maker.parameter_values());
        settings
    }

    fn read(&self, values: Map<String, Value>) -> Result<MethodSettings, MethodSettingsError> {
        let is_own = |name: &str| self.own_parameters().any(|parameter| parameter.name == name);
        let (mut own, of_maker) = values.into_iter().partition::<Map<_, _>, _>(|(name, _)| is_own(name));
        own.entry("beta").or_insert_with(|| self.maker.default_beta().get().into());
        own.entry("split_weight").or_insert_with(|| self.maker.default_split_weight().get().into());
        let own: OwnSettings = serde_json::from_value(Value::Object(own))?;
        let maker = MakerSettings::with_parameters(self.maker.name(), of_maker)?;
        Ok(own.with_maker(maker).into())
    }
}
