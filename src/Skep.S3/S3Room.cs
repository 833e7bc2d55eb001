using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.S3.Access;
using Skep.S3.Policies;
using Skep.S3.Routing;

namespace Skep.S3;

/// <summary>What this room brings to the program: the S3 dialect and the store under it.</summary>
public sealed class S3Room(S3Options s3) : IRoom
{
    /// <inheritdoc/>
    public IReadOnlyList<Kind> Kinds => [];

    /// <inheritdoc/>
    public void AddServices(IServiceCollection services, SkepOptions options)
    {
        services.AddSingleton(s3);
        services.AddSingleton<ObjectStoreHost>();
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<ObjectStoreHost>());
        services.TryAddSingleton<SigV4Verifier>();
        services.AddSingleton<S3Accounts>();
        services.AddSingleton<S3Authenticator>();
        services.AddSingleton<BucketPolicies>();
        services.AddSingleton<S3Authorization>();
        services.AddSingleton<S3Metrics>();
        services.AddSingleton<S3Dialect>();
        services.AddSingleton<IDialect>(s => s.GetRequiredService<S3Dialect>());
        // Made at the first request: the store is open by then.
        services.AddSingleton(s => new S3Services(
            s.GetRequiredService<ObjectStoreHost>().Backend,
            s.GetRequiredService<S3Accounts>(),
            s.GetRequiredService<S3Authorization>(),
            s.GetRequiredService<BucketPolicies>(),
            s.GetRequiredService<SigV4Verifier>(),
            s.GetRequiredService<TimeProvider>(),
            options,
            s3));
        services.AddSingleton(s => new S3Router(S3Operations.Create(s.GetRequiredService<S3Services>())));
    }
}
