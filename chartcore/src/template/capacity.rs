//! How Go's `append` grows a slice: only `slice` shows it, by reaching behind the last item.

use super::Element;

/// Sizes in which Go hands out small blocks. Go: internal/runtime/gc/sizeclasses.go.
static SIZE_CLASSES: [usize; 67] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416,
    448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200,
    3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336,
    16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
];

/// Blocks with pointers carry a header of this size when they are larger than `HEADER_FROM`.
const HEADER: usize = 8;
const HEADER_FROM: usize = 512;
const LARGEST_CLASS: usize = 32_768;
const PAGE: usize = 8_192;

/// An element's size, and whether it holds pointers.
fn layout(element: Element) -> (usize, bool) {
    match element {
        Element::Any | Element::String => (16, true),
        Element::Int | Element::Float => (8, false),
        Element::Byte => (1, false),
        Element::Map => (8, true),
        Element::List => (24, true),
    }
}

fn rounded(bytes: usize, pointers: bool) -> usize {
    if bytes > LARGEST_CLASS - HEADER {
        return bytes.div_ceil(PAGE) * PAGE;
    }
    let header = if pointers && bytes > HEADER_FROM { HEADER } else { 0 };
    let class = SIZE_CLASSES.partition_point(|&class| class < bytes + header);
    SIZE_CLASSES.get(class).map_or(bytes, |class| class - header)
}

/// The capacity after appending to a full slice of capacity `from`, so that it holds `length` items.
/// Go: runtime/slice.go, `growslice`.
pub(crate) fn grown(element: Element, from: usize, length: usize) -> usize {
    const DOUBLE_BELOW: usize = 256;
    if length <= from {
        return from;
    }
    let wanted = if length > from * 2 {
        length
    } else if from < DOUBLE_BELOW {
        from * 2
    } else {
        let mut capacity = from;
        while capacity < length {
            capacity += (capacity + 3 * DOUBLE_BELOW) / 4;
        }
        capacity
    };
    let (size, pointers) = layout(element);
    rounded(wanted * size, pointers) / size
}

/// The capacity after `length` items have been appended one by one to an empty slice.
pub(crate) fn after_appends(element: Element, length: usize) -> usize {
    let mut capacity = 0;
    while capacity < length {
        capacity = grown(element, capacity, capacity + 1);
    }
    capacity
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: [usize; 20] = [1, 2, 3, 4, 5, 6, 8, 9, 16, 17, 32, 33, 34, 64, 65, 72, 100, 129, 300, 600];

    /// Measured with `cap` of what Sprig's functions return, compiled by Go 1.26.
    #[test]
    fn slices_grow_as_in_go() {
        for (element, capacities) in [
            (Element::Any, [1, 2, 4, 4, 8, 8, 8, 16, 16, 32, 32, 71, 71, 71, 71, 143, 143, 143, 303, 1023]),
            (Element::Int, [1, 2, 4, 4, 8, 8, 8, 16, 16, 32, 32, 64, 64, 64, 128, 128, 128, 256, 512, 848]),
        ] {
            assert_eq!(LENGTHS.map(|length| after_appends(element, length)), capacities, "{element:?}");
        }
    }

    #[test]
    fn one_append_grows_a_full_slice_as_in_go() {
        let pushed = [2, 4, 6, 8, 10, 12, 16, 18, 32, 35, 71, 71, 71, 143, 143, 167, 215, 303, 591, 1023];
        let prepended = [2, 3, 4, 5, 6, 7, 9, 10, 18, 18, 35, 35, 35, 71, 71, 79, 111, 143, 303, 607];
        assert_eq!(LENGTHS.map(|length| grown(Element::Any, length, length + 1)), pushed);
        assert_eq!(LENGTHS.map(|length| grown(Element::Any, 1, length + 1)), prepended);
    }
}
