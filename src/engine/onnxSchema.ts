/** The ONNX schema, for a dynamic import: a bundler keeps all of a module that is imported dynamically, so this one has only the used parts. */
export { create, toBinary } from '@bufbuild/protobuf';
export { ModelProtoSchema } from 'onnx-buf';
