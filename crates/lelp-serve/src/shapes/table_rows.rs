//! `POST /rows`: rows of named columns, for models that read more than texts.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Reply;
use super::object;
use crate::admission::Call;
use crate::refusal::Refusal;
use crate::rows::Rows;

/// Rows to classify.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsRequest {
    /// Each row an object of cells by the names of the columns that the model was made of.
    #[schema(value_type = Vec<Object>, example = json!([{ "query": "red shoes", "clicks": 12, "country": "de" }]))]
    rows: Vec<Row>,
}

/// The cells of a row by name: of a name that comes twice, a map would keep the last cell and say nothing.
#[derive(Debug)]
struct Row(Map<String, Value>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Row;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object of cells by the names of columns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut cells = Map::new();
                while let Some((name, cell)) = map.next_entry::<String, Value>()? {
                    if cells.contains_key(&name) {
                        return Err(A::Error::custom(format!("column `{name}` comes twice in a row")));
                    }
                    cells.insert(name, cell);
                }
                Ok(Row(cells))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// What the model says of each row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowsResponse<'a> {
    predictions: Vec<RowPrediction<'a>>,
}

/// What the model says of a row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowPrediction<'a> {
    /// The most probable class.
    label: &'a str,
    /// Probabilities by class.
    #[schema(value_type = Object)]
    probabilities: Probabilities<'a>,
}

/// Probabilities by the names of the classes, in their order.
#[derive(Debug)]
pub(crate) struct Probabilities<'a> {
    labels: &'a [String],
    values: &'a [f32],
}

impl Serialize for Probabilities<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.labels.iter().zip(self.values))
    }
}

/// Classifies rows of columns, or texts by the names of theirs.
#[utoipa::path(post, path = "/rows", tag = "lelp", request_body = RowsRequest, responses(
    (status = 200, description = "Class and probabilities of each row", body = RowsResponse),
    (status = 400, description = "No JSON, an unknown column, or a cell of another kind"),
    (status = 413, description = "The body, a text or the number of rows is too large"),
    (status = 429, description = "There is no room now"),
))]
pub(crate) async fn answer(call: Call) -> Result<Reply, Refusal> {
    let request: RowsRequest = object::read(&call.body)?;
    call.check_count(request.rows.len())?;
    let objects = request.rows.into_iter().map(|Row(cells)| cells).collect();
    let rows = Rows::of_objects(objects, &call.model.columns, &call.service.settings.limits)?;
    let scores = call.scores(rows).await?;
    let (labels, probabilities) = (call.model.labels(), scores.probabilities());
    let predictions =
        scores.answers().zip(probabilities.chunks_exact(labels.len())).map(|(class, values)| RowPrediction {
            label: &labels[class],
            probabilities: Probabilities { labels, values },
        });
    Ok(Reply::json(scores.rows(), &RowsResponse { predictions: predictions.collect() }))
}
