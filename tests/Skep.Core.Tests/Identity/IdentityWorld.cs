using System.Globalization;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Core.Tests.Identity;

/// <summary>An account with the user of AWS's examples, whose clock stands where the examples want it.</summary>
internal sealed class IdentityWorld : IAsyncDisposable
{
    public const string KeyId = "AKIAIOSFODNN7EXAMPLE";
    public const string Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    private readonly TestResources _resources;

    private IdentityWorld(TestResources resources)
    {
        _resources = resources;
        Verifier = new SigV4Verifier(new IdentityDirectory(resources.Client), resources.Clock);
    }

    public SigV4Verifier Verifier { get; }

    public TestClock Clock => _resources.Clock;

    public static SigV4Credentials Credentials { get; } = new(KeyId, Secret, SessionToken: null);

    /// <summary>A world at a time in the form of X-Amz-Date.</summary>
    public static async Task<IdentityWorld> CreateAsync(string date, CancellationToken ct)
    {
        var resources = await TestResources.CreateAsync([], ct);
        await resources.Client.CreateAsync(CoreKinds.Account, new Account { Metadata = { Name = "123456789012" }, Spec = { AccountId = "123456789012" } }, ct);
        await resources.Client.CreateAsync(CoreKinds.User, new User { Metadata = { Name = "alice", Namespace = "default" }, Spec = { Arn = "arn:aws:iam::123456789012:user/alice", UserId = "AIDAALICE" } }, ct);
        await resources.Client.CreateAsync(
            CoreKinds.AccessKey,
            new AccessKey { Metadata = { Name = KeyId.ToLowerInvariant() }, Spec = { AccessKeyId = KeyId, SecretAccessKey = Secret, UserName = "alice" } },
            ct);
        var time = DateTimeOffset.ParseExact(date, SigV4.DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        resources.Clock.Advance(time - resources.Clock.GetUtcNow());
        return new IdentityWorld(resources);
    }

    public SigV4Identity Verify(SigV4Request request) => Verifier.Verify(request, s => s == "s3", _ => TimeSpan.FromMinutes(15), takesOldScheme: true);

    public ValueTask DisposeAsync() => _resources.DisposeAsync();
}
