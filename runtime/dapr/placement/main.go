// Placement for one machine. It follows Dapr's cmd/placement/app, which cannot be used as it
// is because its health endpoint listens on every interface.
package main

import (
	"context"
	"os"

	"github.com/dapr/dapr/cmd/placement/options"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/placement"
	"github.com/dapr/dapr/pkg/placement/monitoring"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"

	"corebank/dapr/health"
)

var log = logger.NewLogger("dapr.placement")

func main() {
	opts, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	if err = logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		log.Fatal(err)
	}
	if err = monitoring.InitMetrics(); err != nil {
		log.Fatal(err)
	}
	if err = run(signals.Context(), opts); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, opts *options.Options) error {
	hz := healthz.New()
	provider, err := security.New(ctx, security.Options{
		SentryAddress:           opts.SentryAddress,
		ControlPlaneTrustDomain: opts.TrustDomain,
		ControlPlaneNamespace:   security.CurrentNamespace(),
		TrustAnchorsFile:        &opts.TrustAnchorsFile,
		AppID:                   "dapr-placement",
		MTLSEnabled:             opts.TLSEnabled,
		Mode:                    modes.DaprMode(opts.Mode),
		Healthz:                 hz,
	})
	if err != nil {
		return err
	}
	serve := func(ctx context.Context) error {
		handler, err := provider.Handler(ctx)
		if err != nil {
			return err
		}
		service, err := placement.New(placement.Options{
			NodeID:                    opts.RaftID,
			Port:                      opts.PlacementPort,
			ListenAddress:             opts.PlacementListenAddress,
			Security:                  handler,
			Healthz:                   hz,
			KeepAliveTime:             opts.KeepAliveTime,
			KeepAliveTimeout:          opts.KeepAliveTimeout,
			ReplicationFactor:         int64(opts.ReplicationFactor),
			Peers:                     opts.RaftPeers,
			DisseminateTimeout:        opts.DisseminateTimeout,
			DisseminateCoalesceWindow: opts.DisseminateCoalesceWindow,
		})
		if err != nil {
			return err
		}
		return service.Run(ctx)
	}
	healthServer := health.Server(hz, opts.HealthzListenAddress, opts.HealthzPort)
	return concurrency.NewRunnerManager(healthServer, provider.Run, serve).Run(ctx)
}
