// A grpc-go server for perfwright's tests and benchmarks of k6/net/grpc: every kind of call and stream, reflection,
// health, TLS and mutual TLS. It prints one line of JSON with its addresses, and ends when its standard input ends.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"perfwright.dev/grpc-server/pb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address of the plain server")
	alphaOnly := flag.Bool("reflect-v1alpha", false, "offer the old version of server reflection only")
	flag.Parse()

	out := map[string]string{"plain": serve(*listen, *alphaOnly)}
	for _, name := range []string{"tls", "mtls"} {
		pki, err := newPKI()
		if err != nil {
			log.Fatal(err)
		}
		config := &tls.Config{Certificates: []tls.Certificate{pki.server}}
		if name == "mtls" {
			config.ClientAuth = tls.RequireAndVerifyClientCert
			config.ClientCAs = x509.NewCertPool()
			config.ClientCAs.AppendCertsFromPEM([]byte(pki.ca))
			out["clientCert"], out["clientKey"] = pki.clientCert, pki.clientKey
			out["clientKeyEncrypted"], out["clientKeyPassword"] = pki.clientKeyEncrypted, pki.clientKeyPassword
		}
		out[name] = serve("127.0.0.1:0", *alphaOnly, grpc.Creds(credentials.NewTLS(config)))
		out[name+"CA"] = pki.ca
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func serve(address string, alphaOnly bool, options ...grpc.ServerOption) string {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	// Room for messages beyond the usual 4 MB, so that the client's own limits can be tried.
	options = append(options, grpc.MaxRecvMsgSize(64<<20))
	server := grpc.NewServer(options...)
	pb.RegisterEchoServer(server, echo{})
	pb.RegisterStreamsServer(server, streams{})
	checks := health.NewServer()
	checks.SetServingStatus("perfwright.test.v1.Echo", grpc_health_v1.HealthCheckResponse_SERVING)
	checks.SetServingStatus("down", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	grpc_health_v1.RegisterHealthServer(server, checks)
	if alphaOnly {
		grpc_reflection_v1alpha.RegisterServerReflectionServer(server, reflection.NewServer(reflection.ServerOptions{Services: server}))
	} else {
		reflection.Register(server)
	}
	go func() {
		if err := server.Serve(listener); err != nil {
			log.Fatal(err)
		}
	}()
	return listener.Addr().String()
}

type echo struct{ pb.UnimplementedEchoServer }

func (echo) Hello(_ context.Context, in *pb.HelloRequest) (*pb.HelloReply, error) {
	return &pb.HelloReply{Reply: "hello " + in.GetGreeting()}, nil
}

func (echo) All(_ context.Context, in *pb.AllTypes) (*pb.AllTypes, error) { return in, nil }

func (echo) Legacy(_ context.Context, in *pb.Old) (*pb.Old, error) { return in, nil }

func (echo) Fail(ctx context.Context, in *pb.FailRequest) (*pb.HelloReply, error) {
	_ = grpc.SetTrailer(ctx, metadata.Pairs("failed", "yes"))
	return nil, status.ErrorProto(&spb.Status{Code: in.GetCode(), Message: in.GetMessage(), Details: in.GetDetails()})
}

func (echo) Metadata(ctx context.Context, _ *emptypb.Empty) (*pb.MetadataReply, error) {
	_ = grpc.SetHeader(ctx, metadata.Pairs("a-header", "one", "a-header", "two", "raw-bin", "\x00\xff\x01"))
	_ = grpc.SetTrailer(ctx, metadata.Pairs("a-trailer", "last", "more-bin", "\x02\x03"))
	got, _ := metadata.FromIncomingContext(ctx)
	out := &pb.MetadataReply{Metadata: map[string]string{}}
	for name, values := range got {
		switch name {
		case ":authority":
			out.Authority = values[0]
		case "user-agent":
			out.UserAgent = values[0]
		default:
			out.Metadata[name] = fmt.Sprintf("%q", values)
		}
	}
	return out, nil
}

func (echo) Sleep(ctx context.Context, in *durationpb.Duration) (*emptypb.Empty, error) {
	select {
	case <-time.After(in.AsDuration()):
		return &emptypb.Empty{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (echo) Big(_ context.Context, in *pb.BigRequest) (*pb.BigReply, error) {
	return &pb.BigReply{Data: make([]byte, in.GetBytes())}, nil
}

type streams struct{ pb.UnimplementedStreamsServer }

func (streams) Count(in *pb.CountRequest, stream grpc.ServerStreamingServer[pb.Number]) error {
	for i := range in.GetTo() {
		if i > 0 && in.GetPauseMs() > 0 {
			select {
			case <-time.After(time.Duration(in.GetPauseMs()) * time.Millisecond):
			case <-stream.Context().Done():
				return stream.Context().Err()
			}
		}
		if err := stream.Send(&pb.Number{Value: int64(i) + 1}); err != nil {
			return err
		}
	}
	if in.GetCode() != 0 {
		return status.Error(codes.Code(in.GetCode()), "as you asked")
	}
	return nil
}

func (streams) Sum(stream grpc.ClientStreamingServer[pb.Number, pb.Number]) error {
	var sum int64
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(&pb.Number{Value: sum})
		}
		if err != nil {
			return err
		}
		sum += in.GetValue()
	}
}

func (streams) Double(stream grpc.BidiStreamingServer[pb.Number, pb.Number]) error {
	for {
		in, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.Number{Value: 2 * in.GetValue()}); err != nil {
			return err
		}
	}
}
