//! The Open Inference Protocol, in JSON and binary.

use serde_json::{Value, json};

use crate::models::Folder;
use crate::{Response, Running};

const INFER: &str = "/v2/models/student/infer";

/// A body of JSON and what stands behind it.
fn binary(service: &Running, header: &Value, tensors: &[u8]) -> Response {
    let mut body = header.to_string().into_bytes();
    let length = body.len();
    body.extend_from_slice(tensors);
    service.client.send("POST", INFER, &format!("inference-header-content-length: {length}\r\n"), &body)
}

/// A `BYTES` tensor.
fn bytes(texts: &[&str]) -> Vec<u8> {
    let element = |text: &&str| [&u32::try_from(text.len()).unwrap().to_le_bytes(), text.as_bytes()].concat();
    texts.iter().flat_map(element).collect()
}

#[test]
fn json_tensors_are_answered_in_json() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let service = Running::start(&folder.path);
    let body = json!({ "id": "7", "inputs": [{ "name": "text", "shape": [2, 1], "datatype": "BYTES", "data": [["a"], ["b"]] }] });
    let answer = service.client.post(INFER, &body.to_string()).json();
    assert_eq!(
        (&answer["id"], &answer["model_name"], &answer["model_version"]),
        (&json!("7"), &json!("student"), &json!("1"))
    );
    let outputs = answer["outputs"].as_array().unwrap();
    let names: Vec<&str> = outputs.iter().map(|output| output["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["label", "probabilities", "logits"]);
    assert_eq!((&outputs[1]["shape"], &outputs[1]["datatype"]), (&json!([2, 2]), &json!("FP32")));
    let logits = folder.logits("b", None);
    let last: Vec<String> =
        outputs[2]["data"].as_array().unwrap()[2..].iter().map(Value::to_string).collect();
    assert_eq!(last, [logits[0].to_string(), logits[1].to_string()]);
    let one = json!({ "inputs": [{ "name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"] }], "outputs": [{ "name": "label" }] });
    let one = service.client.post("/v2/models/student/versions/1/infer", &one.to_string()).json();
    assert_eq!(one["outputs"].as_array().unwrap().len(), 1);
}

#[test]
fn binary_tensors_come_back_binary() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let service = Running::start(&folder.path);
    let tensors = bytes(&["a", "na\u{ef}ve text"]);
    let input = json!({ "name": "text", "shape": [2], "datatype": "BYTES", "parameters": { "binary_data_size": tensors.len() } });
    let header = json!({ "inputs": [input], "parameters": { "binary_data_output": true } });
    let answer = binary(&service, &header, &tensors);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let length: usize = answer.header("inference-header-content-length").unwrap().parse().unwrap();
    let json: Value = serde_json::from_slice(&answer.body[..length]).unwrap();
    let mut rest = &answer.body[length..];
    for output in json["outputs"].as_array().unwrap() {
        let size = usize::try_from(output["parameters"]["binary_data_size"].as_u64().unwrap()).unwrap();
        let (own, behind) = rest.split_at(size);
        if output["name"] == "logits" {
            let expected: Vec<u8> =
                folder.logits("na\u{ef}ve text", None).iter().flat_map(|z| z.to_le_bytes()).collect();
            assert_eq!(own[8..], expected);
        }
        rest = behind;
    }
    assert!(rest.is_empty());
    // One output in JSON, though the request says binary.
    let outputs = json!([{ "name": "probabilities", "parameters": { "binary_data": false } }]);
    let header =
        json!({ "inputs": [input], "outputs": outputs, "parameters": { "binary_data_output": true } });
    assert_eq!(binary(&service, &header, &tensors).json()["outputs"][0]["data"].as_array().unwrap().len(), 4);
}

#[test]
fn columns_are_tensors_by_name() {
    let folder = Folder::of_columns();
    let service = Running::start(&folder.path);
    let floats: Vec<u8> = [1.0_f32, 2.0, -0.5].iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensors = [floats, 12_i64.to_le_bytes().to_vec()].concat();
    let inputs = json!([
        { "name": "image", "shape": [1, 3], "datatype": "FP32", "parameters": { "binary_data_size": 12 } },
        { "name": "clicks", "shape": [1], "datatype": "INT64", "parameters": { "binary_data_size": 8 } },
        { "name": "country", "shape": [1], "datatype": "BYTES", "data": ["fr"] },
    ]);
    let answer = binary(&service, &json!({ "inputs": inputs }), &tensors).json();
    let row = r#"{"rows": [{"clicks": 12, "country": "fr", "image": [1.0, 2, -0.5]}]}"#;
    let row = service.client.post("/rows", row).json();
    assert_eq!(answer["outputs"][1]["data"][1], row["predictions"][0]["probabilities"]["good"]);
    let metadata = service.client.get("/v2/models/student").json();
    let columns: Vec<&Value> =
        metadata["inputs"].as_array().unwrap().iter().map(|input| &input["name"]).collect();
    assert_eq!(columns, ["clicks", "country", "image"]);
    let uneven = json!({ "inputs": [
        { "name": "image", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3] },
        { "name": "clicks", "shape": [2], "datatype": "FP64", "data": [1, 2] },
        { "name": "country", "shape": [1], "datatype": "BYTES", "data": ["fr"] },
    ] });
    let refused = service.client.post(INFER, &uneven.to_string());
    assert!(refused.status == 400 && refused.text().contains("`clicks` has 2"), "{}", refused.text());
}

#[test]
fn tensors_that_do_not_fit_are_refused_with_what_does() {
    let folder = Folder::of_texts(&["no", "yes"]);
    let service = Running::start(&folder.path);
    let input = |name: &str, shape: Value, datatype: &str, data: Value| {
        json!({ "inputs": [{ "name": name, "shape": shape, "datatype": datatype, "data": data }] })
            .to_string()
    };
    for (body, says) in [
        (input("txt", json!([1]), "BYTES", json!(["a"])), "there is no input `txt`"),
        (input("text", json!([1]), "FP32", json!([1])), "BYTES is read"),
        (input("text", json!([2]), "BYTES", json!(["a"])), "1 elements"),
        (input("text", json!([1, 2]), "BYTES", json!(["a", "b"])), "[rows, 1]"),
        (input("text", json!([]), "BYTES", json!([])), "0 texts"),
        (input("text", json!([1]), "BYTES", json!([7])), "not a string"),
        (input("text", json!([-1]), "BYTES", json!([])), "-1"),
        (r#"{"inputs": []}"#.to_owned(), "input `text` (a text) is missing"),
        (r#"{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES"}]}"#.to_owned(), "`data`"),
    ] {
        let refused = service.client.post(INFER, &body);
        assert_eq!(refused.status, 400, "{body} {}", refused.text());
        assert!(refused.json()["error"].as_str().unwrap().contains(says), "{says}: {}", refused.text());
    }
    let output = json!({ "inputs": [], "outputs": [{ "name": "embedding" }] });
    assert!(service.client.post(INFER, &output.to_string()).text().contains("`probabilities`"));
    for path in ["/v2/models/other/infer", "/v2/models/student/versions/2/infer"] {
        assert_eq!(service.client.post(path, "{}").status, 404);
    }
    let sized = |size: u64, shape: u64| {
        json!({ "inputs": [
        { "name": "text", "shape": [shape], "datatype": "BYTES", "parameters": { "binary_data_size": size } }] })
    };
    let tensors = bytes(&["a", "b"]);
    for (header, tensors) in [
        (sized(11, 2), &tensors[..]),
        (sized(u64::MAX, 2), &tensors[..]),
        (sized(5, 1), &tensors[..]),
        (sized(10, 3), &tensors[..]),
        (sized(10, 1000), &tensors[..]),
        (sized(4, 1), &[255, 255, 255, 255]),
        (sized(5, 1), &[1, 0, 0, 0, 0xff]),
    ] {
        let refused = binary(&service, &header, tensors);
        assert_eq!(refused.status, 400, "{header} {}", refused.text());
    }
}
