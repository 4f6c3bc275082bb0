//! Named views of bytes, as a file of tensors is written from them.

use safetensors::tensor::{Dtype, TensorView};

/// The bytes as a tensor of that name and shape.
pub(crate) fn view<'a>(
    name: &str,
    dtype: Dtype,
    shape: &[usize],
    bytes: &'a [u8],
) -> (String, TensorView<'a>) {
    let view = TensorView::new(dtype, shape.to_vec(), bytes).expect("the shape is that of the values");
    (name.to_owned(), view)
}
