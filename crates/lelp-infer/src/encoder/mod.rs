//! Text encoders: a Hugging Face BERT-family folder becomes an ONNX graph in memory and runs on rten.
