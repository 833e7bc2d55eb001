using System.Text.Json.Nodes;
using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// Changes collected against one view and committed together. Every write carries the revision it was based on, so the
/// transaction fails with Conflict when any of its resources changed meanwhile. Not thread-safe; used once.
/// </summary>
public sealed class ResourceTransaction
{
    /// <summary>Finalizer that holds an owner until its blocking dependents are gone.</summary>
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>Finalizer that holds an owner until its dependents have lost their reference.</summary>
    public const string OrphanFinalizer = "orphan";

    private const int GeneratedSuffixLength = 5;
    private const int GenerateNameMax = 58;

    private readonly ResourceClient _client;
    private readonly List<Change> _changes = [];
    private readonly Dictionary<ResourceKey, byte[]> _pending = [];
    private readonly HashSet<string> _namespaces = new(StringComparer.Ordinal);

    internal ResourceTransaction(ResourceClient client, View view)
    {
        _client = client;
        View = view;
    }

    /// <summary>The state the transaction is based on; its own changes are not in it.</summary>
    public View View { get; }

    /// <summary>Adds the creation of a resource; returns its key.</summary>
    public ResourceKey Create<T>(Kind<T> kind, T value)
        where T : ResourceObject => Create(kind, kind.Encode(value));

    /// <summary>Adds the creation of a resource from its document; returns its key.</summary>
    /// <exception cref="ResourceException">The document breaks a rule, or the namespace does not exist.</exception>
    public ResourceKey Create(Kind kind, ReadOnlySpan<byte> json)
    {
        var document = ResourceDocument.ParseObject(json);
        var metadata = Metadata(document);
        if (metadata["resourceVersion"] is not null)
            throw new ResourceException(ResourceError.BadRequest, "resourceVersion should not be set on objects to be created");
        if (string.IsNullOrEmpty((string?)metadata["name"]) && (string?)metadata["generateName"] is { Length: > 0 } prefix)
            metadata["name"] = prefix[..Math.Min(prefix.Length, GenerateNameMax)] + _client.Ids.NewSuffix(GeneratedSuffixLength);
        var key = KeyOf(kind, metadata);
        RequireNamespace(kind, key);
        metadata["uid"] = _client.Ids.NewUid();
        metadata["creationTimestamp"] = Timestamp();
        metadata["generation"] = 1;
        metadata.Remove("deletionTimestamp");
        metadata.Remove("deletionGracePeriodSeconds");
        metadata.Remove("selfLink");
        document["apiVersion"] = kind.ApiVersion;
        document["kind"] = kind.Name;
        var bytes = Admit(kind, key, document, old: null);
        Add(Change.Create(key, bytes), bytes);
        return key;
    }

    /// <summary>Adds the replacement of a resource, based on the version whose resourceVersion the value carries.</summary>
    public void Update<T>(Kind<T> kind, T value, WriteScope scope)
        where T : ResourceObject => Update(kind, kind.Encode(value), scope);

    /// <summary>
    /// Adds the replacement of a resource. Without a resourceVersion the replacement is unconditional. The last finalizer
    /// to go from a resource that is being deleted removes it. A replacement that changes nothing adds nothing.
    /// </summary>
    public void Update(Kind kind, ReadOnlySpan<byte> json, WriteScope scope)
    {
        var document = ResourceDocument.ParseObject(json);
        var metadata = Metadata(document);
        var key = KeyOf(kind, metadata);
        var current = View.Get(key) ?? throw ResourceException.NotFound(key);
        var expected = ExpectedRevision(metadata, key);
        if (expected is { } e && e != current.Revision)
            throw ResourceException.Conflict(key);
        var old = ResourceDocument.ParseObject(current.Json.Span);
        var oldMetadata = (JsonObject)old["metadata"]!;
        if ((string?)metadata["uid"] is { Length: > 0 } uid && uid != current.Metadata.Uid)
            throw ResourceException.Conflict(key, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Metadata.Uid}");

        if (scope is WriteScope.Status)
        {
            var status = document["status"]?.DeepClone();
            document = (JsonObject)old.DeepClone();
            if (status is null)
                document.Remove("status");
            else
                document["status"] = status;
            document["metadata"]!.AsObject().Remove("resourceVersion");
        }
        else
        {
            KeepServerFields(metadata, oldMetadata, current);
            if (scope is WriteScope.Main && kind.HasStatus)
            {
                document.Remove("status");
                if (old["status"] is { } status)
                    document["status"] = status.DeepClone();
            }
        }

        document["apiVersion"] = kind.ApiVersion;
        document["kind"] = kind.Name;
        var bytes = Admit(kind, key, document, current);
        document = ResourceDocument.ParseObject(bytes);
        // Compared after defaulting, so that leaving out what is the default is no change. Kinds without a spec count
        // changes of everything beside metadata and status.
        if (scope is not WriteScope.Status && !HasSameSpec(document, old))
        {
            document["metadata"]!["generation"] = (current.Metadata.Generation ?? 0) + 1;
            bytes = ResourceDocument.ToBytes(document);
        }

        if (current.Metadata.DeletionTimestamp is not null && document["metadata"]!["finalizers"] is null or JsonArray { Count: 0 })
        {
            Add(Change.Delete(key, current.Revision), bytes);
            return;
        }

        oldMetadata.Remove("resourceVersion");
        if (JsonNode.DeepEquals(document, old))
            return;
        Add(Change.Update(key, bytes, current.Revision), bytes);
    }

    /// <summary>
    /// Adds the removal of a resource: at once without finalizers, otherwise by setting its deletion timestamp. Returns
    /// false when the resource stays for now because of finalizers.
    /// </summary>
    public bool Delete(ResourceKey key, DeleteOptions options)
    {
        var current = View.Get(key) ?? throw ResourceException.NotFound(key);
        if (options.Uid is { } uid && uid != current.Metadata.Uid)
            throw ResourceException.Conflict(key, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Metadata.Uid}");
        if (options.ResourceVersion is { } revision && revision != current.Revision)
            throw ResourceException.Conflict(key, $"Precondition failed: ResourceVersion in precondition: {revision}, ResourceVersion in object meta: {current.Revision}");
        var finalizers = new List<string>(current.Metadata.Finalizers ?? []);
        var extra = options.Propagation switch
        {
            DeletePropagation.Foreground => ForegroundFinalizer,
            DeletePropagation.Orphan => OrphanFinalizer,
            _ => null,
        };
        if (extra is not null && current.Metadata.DeletionTimestamp is null && !finalizers.Contains(extra))
            finalizers.Add(extra);
        if (finalizers.Count == 0)
        {
            Add(Change.Delete(key, current.Revision), current.Json.ToArray());
            return true;
        }

        if (current.Metadata.DeletionTimestamp is not null)
            return false;
        var document = ResourceDocument.ParseObject(current.Json.Span);
        var metadata = (JsonObject)document["metadata"]!;
        metadata["deletionTimestamp"] = Timestamp();
        metadata["deletionGracePeriodSeconds"] = options.GracePeriodSeconds ?? 0;
        metadata["generation"] = (current.Metadata.Generation ?? 0) + 1;
        metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
        var bytes = ResourceDocument.ToBytes(document);
        Add(Change.Update(key, bytes, current.Revision), bytes);
        return false;
    }

    /// <summary>Makes the commit fail with Conflict when the resource is no longer as this view shows it.</summary>
    public void RequireUnchanged(ResourceKey key) => _changes.Add(Change.Check(key, View.Get(key)?.Revision ?? 0));

    /// <summary>The document a resource will have, or has; null when there is none. For answers to dry runs.</summary>
    public ReadOnlyMemory<byte>? Outcome(ResourceKey key) => _pending.TryGetValue(key, out var bytes) ? bytes : View.Get(key)?.Json;

    /// <summary>Commits; completes when durable. A transaction without changes completes at once.</summary>
    public Task<View> CommitAsync(CancellationToken ct) =>
        _changes.Count == 0 ? Task.FromResult(View) : _client.Store.CommitAsync(_changes, ct);

    private static JsonObject Metadata(JsonObject document) => document["metadata"] switch
    {
        JsonObject metadata => metadata,
        null => (JsonObject)(document["metadata"] = new JsonObject()),
        _ => throw new ResourceException(ResourceError.BadRequest, "metadata must be an object"),
    };

    private static ResourceKey KeyOf(Kind kind, JsonObject metadata)
    {
        var name = Text(metadata, "name");
        if (name.Length == 0)
            throw ResourceException.Invalid(kind.Name, "", [new("metadata.name", FieldErrorReason.Required, "name or generateName is required")]);
        if (!ResourceName.IsValid(name))
            throw ResourceException.Invalid(kind.Name, name, [new("metadata.name", FieldErrorReason.Invalid, ResourceName.Rule)]);
        if (kind.Scope is ResourceScope.Cluster)
        {
            metadata.Remove("namespace");
            return kind.Key("", name);
        }

        var ns = Text(metadata, "namespace");
        if (ns.Length == 0)
            throw ResourceException.Invalid(kind.Name, name, [new("metadata.namespace", FieldErrorReason.Required, "a namespace is required")]);
        return kind.Key(ns, name);
    }

    private static string Text(JsonObject metadata, string member) => metadata[member] switch
    {
        null => "",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw new ResourceException(ResourceError.BadRequest, $"metadata.{member} must be a string"),
    };

    private static long? ExpectedRevision(JsonObject metadata, ResourceKey key)
    {
        var text = Text(metadata, "resourceVersion");
        metadata.Remove("resourceVersion");
        if (text.Length == 0)
            return null;
        return long.TryParse(text, out var revision)
            ? revision
            : throw ResourceException.Invalid(key.GroupResource.Resource, key.Name, [new("metadata.resourceVersion", FieldErrorReason.Invalid, $"\"{text}\" is not a resource version")]);
    }

    private static void KeepServerFields(JsonObject metadata, JsonObject old, Resource current)
    {
        foreach (var member in (ReadOnlySpan<string>)["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"])
        {
            metadata.Remove(member);
            if (old[member] is { } value)
                metadata[member] = value.DeepClone();
        }

        if (current.Metadata.DeletionTimestamp is null || metadata["finalizers"] is not JsonArray finalizers)
            return;
        var held = current.Metadata.Finalizers ?? [];
        if (finalizers.FirstOrDefault(f => !held.Contains((string?)f ?? "")) is { } added)
            throw new ResourceException(ResourceError.Forbidden, $"finalizer {added} cannot be added: the resource is being deleted");
    }

    /// <summary>Whether two documents are equal in everything but what identifies and observes the resource.</summary>
    private static bool HasSameSpec(JsonObject x, JsonObject y)
    {
        var members = 0;
        foreach (var (name, value) in x)
        {
            if (IsBesideSpec(name))
                continue;
            if (!y.TryGetPropertyValue(name, out var other) || !JsonNode.DeepEquals(value, other))
                return false;
            members++;
        }

        return members == y.Count(static m => !IsBesideSpec(m.Key));
    }

    private static bool IsBesideSpec(string member) => member is "metadata" or "status" or "apiVersion" or "kind";

    private static byte[] Admit(Kind kind, ResourceKey key, JsonObject document, Resource? old)
    {
        var bytes = ResourceDocument.ToBytes(document);
        try
        {
            var errors = kind.Admit(ref bytes, old);
            if (errors.Count > 0)
                throw ResourceException.Invalid(kind.Name, key.Name, errors);
        }
        catch (ResourceException ex) when (ex.Reason is ResourceError.Invalid && ex.Key is null)
        {
            throw ResourceException.Invalid(kind.Name, key.Name, ex.Causes);
        }

        return bytes;
    }

    private void RequireNamespace(Kind kind, ResourceKey key)
    {
        if (kind.Scope is ResourceScope.Cluster)
            return;
        var nsKey = CoreKinds.Namespace.Key("", key.Namespace);
        if (_pending.ContainsKey(nsKey))
            return;
        var ns = View.Get(nsKey) ?? throw ResourceException.NotFound(nsKey);
        if (ns.Metadata.DeletionTimestamp is not null)
            throw new ResourceException(ResourceError.Forbidden, $"{key.GroupResource} \"{key.Name}\" is forbidden: unable to create new content in namespace {key.Namespace} because it is being terminated") { Key = key };
        // Again when the transaction is decided: the deletion may begin in between, and nothing may slip in behind it.
        if (_namespaces.Add(key.Namespace))
            _changes.Add(Change.RequireActive(nsKey));
    }

    private string Timestamp() => _client.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    private void Add(Change change, byte[] json)
    {
        if (!_pending.TryAdd(change.Key, json))
            throw new InvalidOperationException($"a transaction changes {change.Key} twice");
        _changes.Add(change);
    }
}
