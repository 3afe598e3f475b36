/** The used parts of the ONNX schema: a bundler keeps all of a module that is imported dynamically. */
export { create, toBinary } from '@bufbuild/protobuf';
export { ModelProtoSchema } from 'onnx-buf';
