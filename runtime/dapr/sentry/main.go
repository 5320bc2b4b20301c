// Sentry for one machine: the authority that gives every sidecar its certificate. It follows
// Dapr's cmd/sentry/app, which cannot be used as it is because its health endpoint listens on
// every interface, and because without a validator it would give anybody any identity.
package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/dapr/dapr/cmd/sentry/options"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/modes"
	sentryv1pb "github.com/dapr/dapr/pkg/proto/sentry/v1"
	"github.com/dapr/dapr/pkg/sentry"
	"github.com/dapr/dapr/pkg/sentry/config"
	"github.com/dapr/dapr/pkg/sentry/monitoring"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"

	"corebank/dapr/health"
)

var log = logger.NewLogger("dapr.sentry")

func main() {
	opts := options.New(os.Args[1:])
	if err := opts.Validate(); err != nil {
		log.Fatal(err)
	}
	if err := logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		log.Fatal(err)
	}
	if err := monitoring.InitMetrics(); err != nil {
		log.Fatal(err)
	}
	if err := run(signals.Context(), opts); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, opts *options.Options) error {
	// On an error it gives the default configuration too, which validates nobody.
	cfg, err := config.FromConfigName(opts.ConfigName, opts.Mode)
	if err != nil {
		return err
	}
	if _, insecure := cfg.Validators[sentryv1pb.SignCertificateRequest_INSECURE]; insecure {
		return errors.New("the configuration has no validator: anybody would get any identity")
	}
	in := func(file string) string { return filepath.Join(opts.IssuerCredentialsPath, file) }
	cfg.RootCertPath = in(opts.X509.RootCAFilename)
	cfg.IssuerCertPath = in(opts.X509.IssuerCertFilename)
	cfg.IssuerKeyPath = in(opts.X509.IssuerKeyFilename)
	cfg.JWT.SigningKeyPath = in(opts.JWT.SigningKeyFilename)
	cfg.JWT.JWKSPath = in(opts.JWT.JWKSFilename)
	cfg.TrustDomain = opts.TrustDomain
	cfg.Port = opts.Port
	cfg.ListenAddress = opts.ListenAddress
	cfg.Mode = modes.DaprMode(opts.Mode)

	hz := healthz.New()
	authority, err := sentry.New(ctx, sentry.Options{Config: cfg, Healthz: hz})
	if err != nil {
		return err
	}
	healthServer := health.Server(hz, opts.HealthzListenAddress, opts.HealthzPort)
	return concurrency.NewRunnerManager(healthServer, authority.Start).Run(ctx)
}
