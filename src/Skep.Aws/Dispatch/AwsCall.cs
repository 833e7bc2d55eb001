using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Aws.Dispatch;

/// <summary>
/// One attempt at one request: who asks, where, and the state it is answered from. What a handler wants changed it
/// adds to <see cref="Transaction"/>; the dispatcher commits. Not thread-safe.
/// </summary>
internal sealed class AwsCall(Principal principal, string region, string requestId, ResourceTransaction transaction, ResourceClient resources)
    : IDisposable
{
    /// <summary>Label that says which AWS region a resource belongs to; resources without it are seen in every region.</summary>
    public const string RegionLabel = "topology.kubernetes.io/region";

    private readonly List<(IDisposable Held, Action<View> Committed)> _holds = [];

    /// <summary>Who asks.</summary>
    public Principal Principal { get; } = principal;

    /// <summary>12 digits.</summary>
    public string AccountId => Principal.AccountId;

    /// <summary>The namespace of the account's resources.</summary>
    public string Namespace => Principal.Namespace;

    /// <summary>The region of the signature's scope.</summary>
    public string Region { get; } = region;

    /// <summary>The request's id, in its answer and in the audit log.</summary>
    public string RequestId { get; } = requestId;

    /// <summary>Changes that the dispatcher commits when the handler has returned, unless this is a dry run.</summary>
    public ResourceTransaction Transaction { get; } = transaction;

    /// <summary>The state that this attempt sees, from beginning to end.</summary>
    public View View => Transaction.View;

    /// <summary>The clock, in whole seconds: EC2's times have no fraction.</summary>
    public DateTimeOffset Now { get; } = WholeSeconds(resources.Time.GetUtcNow());

    /// <summary>The source of ids.</summary>
    public IIdSource Ids => resources.Ids;

    /// <summary>Ids of the resources that the request names or makes, for the audit log.</summary>
    public List<string> Subjects { get; } = [];

    /// <summary>
    /// Keeps something until this attempt is over: <paramref name="committed"/> is called with the state that has the
    /// attempt's changes, if they are committed; the holding ends in any case.
    /// </summary>
    public void Hold(IDisposable held, Action<View> committed) => _holds.Add((held, committed));

    /// <summary>Tells what is held that the changes are committed.</summary>
    public void Committed(View view)
    {
        foreach (var (_, committed) in _holds)
            committed(view);
    }

    /// <summary>Ends the attempt.</summary>
    public void Dispose()
    {
        foreach (var (held, _) in _holds)
            held.Dispose();
        _holds.Clear();
    }

    /// <summary>A new id that starts with a prefix; it is noted as a subject.</summary>
    public string NewId(string prefix)
    {
        var id = Ids.NewAwsId(prefix);
        Subjects.Add(id);
        return id;
    }

    /// <summary>The account's resources of a kind in this region, ordered by id, from after a position on. Read-only.</summary>
    public IEnumerable<T> List<T>(Kind<T> kind, string? after)
        where T : ResourceObject
    {
        ResourceKey? position = after is null ? null : kind.Key(Namespace, after);
        foreach (var resource in View.List(kind.GroupResource, Namespace, position))
        {
            if (IsInRegion(resource.Metadata))
                yield return resource.View(kind);
        }
    }

    /// <summary>One of the account's resources in this region, or null. Read-only.</summary>
    public T? Find<T>(Kind<T> kind, string id)
        where T : ResourceObject =>
        View.Get(kind.Key(Namespace, id)) is { } resource && IsInRegion(resource.Metadata) ? resource.View(kind) : null;

    /// <summary>Like <see cref="Find"/>, as a copy that may be changed and given to <see cref="Transaction"/>.</summary>
    public T? Edit<T>(Kind<T> kind, string id)
        where T : ResourceObject =>
        View.Get(kind.Key(Namespace, id)) is { } resource && IsInRegion(resource.Metadata) ? kind.Decode(resource) : null;

    /// <summary>Metadata for a new resource of this account and region.</summary>
    public ObjectMeta NewMetadata(string id) =>
        new() { Name = id, Namespace = Namespace, Labels = new(StringComparer.Ordinal) { [RegionLabel] = Region } };

    /// <summary>An ARN of an EC2 resource of this account and region.</summary>
    public string Ec2Arn(string type, string id) => $"arn:aws:ec2:{Region}:{AccountId}:{type}/{id}";

    private bool IsInRegion(ObjectMeta metadata) =>
        metadata.Labels is null || !metadata.Labels.TryGetValue(RegionLabel, out var region) || region == Region;

    private static DateTimeOffset WholeSeconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
