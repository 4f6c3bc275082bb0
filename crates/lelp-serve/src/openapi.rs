//! The description of all shapes.

use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

use crate::operations;
use crate::shapes::{classification, classify, decisions, open_inference, predict, table_rows};

#[derive(OpenApi)]
#[openapi(
    info(title = "lelp", description = "A distilled classifier in the shapes that existing clients speak"),
    paths(
        predict::answer,
        classification::answer,
        open_inference::answer,
        decisions::answer,
        classify::answer,
        table_rows::answer,
        operations::health,
        operations::live,
        operations::ready,
        operations::info,
        operations::metrics,
        description,
        operations::models,
        operations::server,
        operations::model_metadata,
        operations::model_ready,
        operations::index,
        operations::load
    )
)]
struct Shapes;

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", responses((status = 200, description = "OpenAPI 3.1")))]
pub(crate) async fn description() -> Json<Description> {
    Json(Shapes::openapi())
}
