//! Builds an ONNX graph node by node; its large constants go into one buffer beside it until it is written.

use std::collections::HashSet;

use prost::Message;

use super::message::{
    AttributeProto, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// ONNX operator set that our graphs are written against.
const OPSET: i64 = 20;
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

/// A finished graph: the model, and the bytes of its large constants.
#[derive(Debug)]
pub(crate) struct OnnxGraph {
    model: ModelProto,
    weights: Vec<u8>,
}

impl OnnxGraph {
    /// Bytes of the large constants.
    pub(crate) fn weight_bytes(&self) -> usize {
        self.weights.len()
    }

    /// Adds a key and a value that say something about the model.
    pub(crate) fn describe(&mut self, key: &str, value: String) {
        self.model.metadata_props.push(entry(key, value));
    }

    /// Names of the inputs.
    pub(crate) fn inputs(&self) -> Vec<String> {
        let inputs = self.model.graph.iter().flat_map(|graph| &graph.input);
        inputs.filter_map(|input| input.name.clone()).collect()
    }

    /// A name that an input, whose name comes from elsewhere, shares with another tensor.
    pub(crate) fn name_taken_twice(&self) -> Option<String> {
        let graph = self.model.graph.as_ref()?;
        let constants = graph.initializer.iter().filter_map(|constant| constant.name.as_ref());
        let results = graph.node.iter().flat_map(|node| &node.output);
        let mut seen: HashSet<&String> = constants.chain(results).collect();
        graph.input.iter().filter_map(|input| input.name.as_ref()).find(|&name| !seen.insert(name)).cloned()
    }

    /// The model, and its large constants as the content of the file `name` beside it.
    pub(crate) fn in_two_files(mut self, name: &str) -> (Vec<u8>, Vec<u8>) {
        for tensor in self.large_constants() {
            tensor.external_data.insert(0, entry("location", name.to_owned()));
        }
        (self.model.encode_to_vec(), self.weights)
    }

    /// The model with its constants in it; the format ends at 2 GiB.
    pub(crate) fn in_one_file(mut self) -> Vec<u8> {
        let weights = std::mem::take(&mut self.weights);
        let mut start = 0;
        for tensor in self.large_constants() {
            let elements: i64 = tensor.dims.iter().product();
            let length = usize::try_from(elements).expect("sizes are not negative") * size_of::<f32>();
            tensor.raw_data = Some(weights[start..start + length].to_vec());
            tensor.external_data.clear();
            tensor.data_location = None;
            start += length; // constants stand in the order they were written
        }
        drop(weights);
        self.model.encode_to_vec()
    }

    fn large_constants(&mut self) -> impl Iterator<Item = &mut TensorProto> {
        let graph = self.model.graph.iter_mut();
        graph.flat_map(|graph| &mut graph.initializer).filter(|tensor| !tensor.external_data.is_empty())
    }
}

fn entry(key: &str, value: String) -> StringStringEntryProto {
    StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) }
}

/// A graph under construction.
#[derive(Debug)]
pub(crate) struct GraphBuilder {
    graph: GraphProto,
    weights: Vec<u8>,
    /// Names of the constants in `weights`.
    names: HashSet<String>,
}

impl GraphBuilder {
    /// `weight_bytes`: what all [`weight`](Self::weight)s will take, so that the buffer never moves: a
    /// buffer that grows holds the weights twice.
    pub(crate) fn new(name: &str, weight_bytes: usize) -> Self {
        let graph = GraphProto { name: Some(name.to_owned()), ..GraphProto::default() };
        Self { graph, weights: Vec::with_capacity(weight_bytes), names: HashSet::new() }
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

    /// Adds an f32 constant of `shape`, written row-major by `fill`, unless there is one of this name already:
    /// layers may share their weights.
    pub(crate) fn weight(&mut self, name: &str, shape: &[usize], fill: impl FnOnce(&mut [f32])) -> Value {
        if !self.names.insert(name.to_owned()) {
            return Value(name.to_owned());
        }
        let offset = self.weights.len();
        let length = shape.iter().product::<usize>() * size_of::<f32>();
        self.weights.resize(offset + length, 0);
        // The allocator aligns buffers to at least 8 bytes and every earlier constant is whole f32s.
        fill(bytemuck::cast_slice_mut(&mut self.weights[offset..]));
        self.constant(TensorProto {
            external_data: vec![entry("offset", offset.to_string()), entry("length", length.to_string())],
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

    /// Adds an f32 scalar.
    pub(crate) fn number(&mut self, value: f32) -> Value {
        let name = format!("number_{}", self.graph.initializer.len());
        let bytes = value.to_le_bytes().to_vec();
        self.constant(TensorProto { raw_data: Some(bytes), ..tensor(&name, Element::Float, &[]) })
    }

    /// Adds a node with one output.
    pub(crate) fn node(
        &mut self,
        op_type: &str,
        inputs: &[&Value],
        attributes: Vec<AttributeProto>,
    ) -> Value {
        let name = format!("{op_type}_{}", self.graph.node.len());
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|value| value.0.clone()).collect(),
            output: vec![name.clone()],
            name: Some(name.clone()),
            op_type: Some(op_type.to_owned()),
            attribute: attributes,
            ..NodeProto::default()
        });
        Value(name)
    }

    /// The finished model.
    pub(crate) fn finish(self) -> OnnxGraph {
        let opset = OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) };
        let model = ModelProto {
            ir_version: Some(8),
            producer_name: Some(env!("CARGO_PKG_NAME").to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(self.graph),
            opset_import: vec![opset],
            metadata_props: Vec::new(),
        };
        OnnxGraph { model, weights: self.weights }
    }

    fn constant(&mut self, tensor: TensorProto) -> Value {
        let name = tensor.name.clone().expect("every constant is named where it is made");
        self.graph.initializer.push(tensor);
        Value(name)
    }
}

/// A whole-number attribute.
pub(crate) fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, 2) }
}

/// A list of whole numbers.
pub(crate) fn integers(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, 7) }
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
