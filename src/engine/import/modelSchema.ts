/** The used parts of the ONNX schema. Pages that only encode models do not load the parser. */
export { fromBinary, toBinary } from '@bufbuild/protobuf';
export { ModelProtoSchema } from 'onnx-buf';
