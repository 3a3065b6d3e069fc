/** The services that k6 itself calls: health checking and server reflection. */
import { schemaOfProtos } from './schema/from-proto.js'
import type { Method, Schema } from './schema/types.js'

const health = `syntax = "proto3"; package grpc.health.v1;
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse { int32 status = 1; }
  service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }`

/** Both versions are the same but for their package (grpc's reflection.proto). */
const reflection = (version: string): string => `syntax = "proto3"; package grpc.reflection.${version};
  message ServerReflectionRequest {
    string host = 1;
    oneof message_request {
      string file_by_filename = 3;
      string file_containing_symbol = 4;
      string list_services = 7;
    }
  }
  message ServerReflectionResponse {
    oneof message_response {
      FileDescriptorResponse file_descriptor_response = 4;
      ListServiceResponse list_services_response = 6;
      ErrorResponse error_response = 7;
    }
  }
  message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
  message ListServiceResponse { repeated ServiceResponse service = 1; }
  message ServiceResponse { string name = 1; }
  message ErrorResponse { int32 error_code = 1; string error_message = 2; }
  service ServerReflection {
    rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
  }`

const schemas = new Map<string, Schema>()

function only(name: string, source: string): Method {
  let schema = schemas.get(name)
  if (schema === undefined) {
    schema = schemaOfProtos(
      [name],
      () => source,
      (file) => file,
    )
    schemas.set(name, schema)
  }
  return schema.methods[0]!
}

export function healthCheckMethod(): Method {
  return only('health', health)
}

export function reflectionMethod(version: 'v1' | 'v1alpha'): Method {
  return only(version, reflection(version))
}
