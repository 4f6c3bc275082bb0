//! The description of all shapes.

use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi as Description, RefOr, ResponseBuilder, SecurityRequirement};

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

/// What every shape may answer, whatever it says of itself.
const ANY_POST: [(&str, &str); 5] = [
    ("401", "A key is asked for, and was not sent as `Authorization: Bearer`"),
    ("405", "The path takes another method"),
    ("408", "The body did not come in time"),
    ("415", "The body is compressed"),
    ("500", "The model failed"),
];

/// The description with what paths have in common. Each operation has an identifier of its own, as makers of clients need.
fn whole() -> Description {
    let mut description = Shapes::openapi();
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    // A service without a key takes requests without one.
    description.security =
        Some(vec![SecurityRequirement::default(), SecurityRequirement::new("key", [""; 0])]);
    for (path, item) in &mut description.paths.paths {
        let words: Vec<&str> =
            path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        for (method, operation) in [("get", &mut item.get), ("post", &mut item.post)] {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some([&[method], words.as_slice()].concat().join("_"));
            if method == "post" {
                for (status, what) in ANY_POST {
                    let response = ResponseBuilder::new().description(what).build();
                    operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
                }
            }
        }
    }
    description
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", responses((status = 200, description = "OpenAPI 3.1")))]
pub(crate) async fn description() -> Json<Description> {
    Json(whole())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn every_operation_has_its_own_identifier_and_says_what_any_may_answer() {
        let description = serde_json::to_value(whole()).expect("it is JSON");
        let paths = description["paths"].as_object().expect("paths");
        let operations: Vec<&Value> =
            paths.values().flat_map(|path| path.as_object().expect("methods").values()).collect();
        let names: HashSet<&str> =
            operations.iter().map(|operation| operation["operationId"].as_str().expect("a name")).collect();
        assert_eq!(names.len(), operations.len(), "{names:?}");
        assert!(names.contains("post_predict") && names.contains("post_v2_models_model_infer"), "{names:?}");
        assert!(description["paths"]["/predict"]["post"]["responses"]["401"].is_object());
        assert_eq!(description["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    }
}
