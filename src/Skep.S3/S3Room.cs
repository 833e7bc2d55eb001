using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.S3.Access;
using Skep.S3.Encryption;
using Skep.S3.Kinds;
using Skep.S3.Lifecycle;
using Skep.S3.Logging;
using Skep.S3.Notifications;
using Skep.S3.Objects;
using Skep.S3.Policies;
using Skep.S3.Quotas;
using Skep.S3.Routing;
using Skep.S3.Websites;

namespace Skep.S3;

/// <summary>What this room brings to the program: the S3 dialect and the store under it.</summary>
public sealed class S3Room(S3Options s3) : IRoom
{
    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => S3Kinds.All;

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
        services.AddSingleton(s3);
        services.AddSingleton<ObjectStoreHost>();
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<ObjectStoreHost>());
        services.AddSingleton<LifecycleSettings>();
        services.AddHostedService<LifecycleAgent>();
        services.AddSingleton<Outbox>();
        services.AddSingleton<TopicDirectory>();
        services.AddSingleton<S3EventPublisher>();
        services.AddSingleton(s => new TopicDelivery(s.GetRequiredService<ResourceClient>(), TopicDelivery.CreateClient(), s.GetRequiredService<TimeProvider>()));
        services.AddHostedService<NotificationAgent>();
        services.AddSingleton<AccessLogs>();
        services.AddHostedService<LogAgent>();
        services.AddReconciler<QuotaAgent>();
        services.TryAddSingleton<SigV4Verifier>();
        services.AddSingleton<S3Accounts>();
        services.AddSingleton<S3Authenticator>();
        services.AddSingleton<BucketPolicies>();
        services.AddSingleton<S3Authorization>();
        services.AddSingleton<DataKeys>();
        services.AddSingleton<KmsKeys>();
        services.AddSingleton<ObjectEncryptor>();
        services.AddSingleton<S3Metrics>();
        services.AddSingleton<S3Dialect>();
        services.AddSingleton<IDialect>(s => s.GetRequiredService<S3Dialect>());
        // Made at the first request: the store is open by then.
        services.AddSingleton(s => new S3Services(
            s.GetRequiredService<ObjectStoreHost>().Backend,
            s.GetRequiredService<S3Accounts>(),
            s.GetRequiredService<S3Authorization>(),
            s.GetRequiredService<BucketPolicies>(),
            s.GetRequiredService<ObjectEncryptor>(),
            s.GetRequiredService<LifecycleSettings>(),
            s.GetRequiredService<S3EventPublisher>(),
            s.GetRequiredService<AccessLogs>(),
            new LargePieces(),
            s.GetRequiredService<SigV4Verifier>(),
            s.GetRequiredService<TimeProvider>(),
            options,
            s3));
        services.AddSingleton<WebsiteServer>();
        services.AddSingleton(s => new S3Router(S3Operations.Create(s.GetRequiredService<S3Services>())));
    }
}
