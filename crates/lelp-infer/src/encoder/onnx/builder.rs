//! Builds an ONNX graph node by node; its large constants go into one buffer beside the model.

use prost::Message;

use super::message::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Name under which the model refers to the buffer of its large constants.
pub(crate) const WEIGHTS_FILE: &str = "model.onnx.data";

/// ONNX operator set that our graphs are written against.
const OPSET: i64 = 20;
/// Operators of ONNX Runtime that rten also runs, such as fused attention.
const CONTRIB_DOMAIN: &str = "com.microsoft";

/// `TensorProto.DataType` of the element types we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Float = 1,
    Int64 = 7,
}

/// A tensor in the graph, known by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value(String);

/// One dimension of an input or output.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dimension {
    Fixed(usize),
    Named(&'static str),
}

/// A finished graph: the model, and the bytes of the constants that it keeps outside (`WEIGHTS_FILE`).
#[derive(Debug)]
pub(crate) struct OnnxGraph {
    pub(crate) model: Vec<u8>,
    pub(crate) weights: Vec<u8>,
}

/// A graph under construction.
#[derive(Debug)]
pub(crate) struct GraphBuilder {
    graph: GraphProto,
    weights: Vec<u8>,
}

impl GraphBuilder {
    /// `weight_bytes`: what all [`weight`](Self::weight)s will take, so that the buffer never moves: a
    /// buffer that grows holds the weights twice.
    pub(crate) fn new(name: &str, weight_bytes: usize) -> Self {
        let graph = GraphProto { name: Some(name.to_owned()), ..GraphProto::default() };
        Self { graph, weights: Vec::with_capacity(weight_bytes) }
    }

    /// Declares an input.
    pub(crate) fn input(&mut self, name: &str, element: Element, shape: &[Dimension]) -> Value {
        self.graph.input.push(value_info(name, element, shape));
        Value(name.to_owned())
    }

    /// Declares `value` as an output called `name`.
    pub(crate) fn output(&mut self, name: &str, value: &Value, shape: &[Dimension]) {
        let node = NodeProto {
            input: vec![value.0.clone()],
            output: vec![name.to_owned()],
            op_type: Some("Identity".to_owned()),
            ..NodeProto::default()
        };
        self.graph.node.push(node);
        self.graph.output.push(value_info(name, Element::Float, shape));
    }

    /// Adds an f32 constant of `shape`, written row-major by `fill`.
    pub(crate) fn weight(&mut self, name: &str, shape: &[usize], fill: impl FnOnce(&mut [f32])) -> Value {
        let offset = self.weights.len();
        let length = shape.iter().product::<usize>() * size_of::<f32>();
        self.weights.resize(offset + length, 0);
        // The allocator aligns buffers to at least 8 bytes and every earlier constant is whole f32s.
        fill(bytemuck::cast_slice_mut(&mut self.weights[offset..]));
        let entry = |key: &str, value: String| StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value),
        };
        self.constant(TensorProto {
            external_data: vec![
                entry("location", WEIGHTS_FILE.to_owned()),
                entry("offset", offset.to_string()),
                entry("length", length.to_string()),
            ],
            data_location: Some(1), // DataLocation.EXTERNAL
            ..tensor(name, Element::Float, shape)
        })
    }

    /// Adds a small whole-number constant of `shape` (`[]` is a scalar).
    pub(crate) fn integers(&mut self, shape: &[usize], values: &[i64]) -> Value {
        let name = format!("integers_{}", self.graph.initializer.len());
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(TensorProto { raw_data: Some(bytes), ..tensor(&name, Element::Int64, shape) })
    }

    /// Adds a node with one output.
    pub(crate) fn node(
        &mut self,
        op_type: &str,
        inputs: &[&Value],
        attributes: Vec<AttributeProto>,
    ) -> Value {
        let inputs = inputs.iter().map(|value| value.0.clone()).collect();
        self.push(op_type, None, inputs, attributes)
    }

    /// Adds a node of the `com.microsoft` set with one output; an absent input is left empty.
    pub(crate) fn contrib_node(
        &mut self,
        op_type: &str,
        inputs: &[Option<&Value>],
        attributes: Vec<AttributeProto>,
    ) -> Value {
        let name_of = |value: Option<&Value>| value.map_or_else(String::new, |value| value.0.clone());
        let inputs = inputs.iter().copied().map(name_of).collect();
        self.push(op_type, Some(CONTRIB_DOMAIN.to_owned()), inputs, attributes)
    }

    /// The finished model.
    pub(crate) fn finish(self) -> OnnxGraph {
        let opset = |domain: &str, version| OperatorSetIdProto {
            domain: Some(domain.to_owned()),
            version: Some(version),
        };
        let model = ModelProto {
            ir_version: Some(8),
            producer_name: Some(env!("CARGO_PKG_NAME").to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(self.graph),
            opset_import: vec![opset("", OPSET), opset(CONTRIB_DOMAIN, 1)],
        };
        OnnxGraph { model: model.encode_to_vec(), weights: self.weights }
    }

    fn constant(&mut self, tensor: TensorProto) -> Value {
        let name = tensor.name.clone().expect("every constant is named where it is made");
        self.graph.initializer.push(tensor);
        Value(name)
    }

    fn push(
        &mut self,
        op_type: &str,
        domain: Option<String>,
        input: Vec<String>,
        attribute: Vec<AttributeProto>,
    ) -> Value {
        let name = format!("{op_type}_{}", self.graph.node.len());
        self.graph.node.push(NodeProto {
            input,
            output: vec![name.clone()],
            name: Some(name.clone()),
            op_type: Some(op_type.to_owned()),
            attribute,
            domain,
        });
        Value(name)
    }
}

/// A whole-number attribute.
pub(crate) fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, 2) }
}

/// A real attribute.
pub(crate) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: Some(value), ..attribute(name, 1) }
}

/// A string attribute.
pub(crate) fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.as_bytes().to_vec()), ..attribute(name, 3) }
}

/// `kind` is `AttributeProto.AttributeType`.
fn attribute(name: &str, kind: i32) -> AttributeProto {
    AttributeProto { name: Some(name.to_owned()), r#type: Some(kind), ..AttributeProto::default() }
}

fn tensor(name: &str, element: Element, shape: &[usize]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: shape.iter().map(|&size| dimension_value(size)).collect(),
        data_type: Some(element as i32),
        ..TensorProto::default()
    }
}

fn value_info(name: &str, element: Element, shape: &[Dimension]) -> ValueInfoProto {
    let dimension = |dimension: &Dimension| match *dimension {
        Dimension::Fixed(size) => {
            DimensionProto { dim_value: Some(dimension_value(size)), ..DimensionProto::default() }
        }
        Dimension::Named(name) => {
            DimensionProto { dim_param: Some(name.to_owned()), ..DimensionProto::default() }
        }
    };
    let shape = TensorShapeProto { dim: shape.iter().map(dimension).collect() };
    let tensor_type = TensorTypeProto { elem_type: Some(element as i32), shape: Some(shape) };
    let r#type = Some(TypeProto { tensor_type: Some(tensor_type) });
    ValueInfoProto { name: Some(name.to_owned()), r#type }
}

fn dimension_value(size: usize) -> i64 {
    i64::try_from(size).expect("sizes come from a checked config and stay far below 2^63")
}
