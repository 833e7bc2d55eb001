using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Tests.Cli;

/// <summary>The resource half of <see cref="FakeCloud"/>: get, list, watch, create, merge-patch and delete by path.</summary>
internal sealed class FakeResources
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, JsonObject> _documents = new(StringComparer.Ordinal);
    private readonly List<(long Revision, string Type, string Path, JsonObject Object)> _history = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _revision;
    private int _generated;

    /// <summary>Runs after each write, with the document; tests let the world go on here.</summary>
    public Action<string, JsonObject> OnWrite { get; set; } = (_, _) => { };

    /// <summary>Finalizers that keep a deleted document visible until the test removes it.</summary>
    public bool HoldsDeletions { get; set; }

    /// <summary>Makes or replaces a resource in namespace default.</summary>
    public JsonObject Put(ApiResource kind, string name, JsonObject content)
    {
        content["apiVersion"] = kind.ApiVersion;
        content["kind"] = kind.Kind;
        content["metadata"] ??= new JsonObject { ["creationTimestamp"] = "2026-01-02T03:00:00Z" };
        content["metadata"]!["name"] = name;
        if (kind.IsNamespaced)
            content["metadata"]!["namespace"] = "default";
        return Write(kind.Path("default", name), content);
    }

    public JsonObject? Find(ApiResource kind, string name)
    {
        lock (_lock)
            return _documents.GetValueOrDefault(kind.Path("default", name));
    }

    public void Remove(ApiResource kind, string name) => Remove(kind.Path("default", name));

    public async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        switch (context.Request.Method)
        {
            case "GET" when context.Request.Query["watch"] == "true":
                await WatchAsync(context, path);
                break;
            case "GET" when Get(path) is { } one:
                await FakeCloud.WriteAsync(context, WantsTable(context) ? Table([one]) : one);
                break;
            case "GET" when IsCollection(path):
                await FakeCloud.WriteAsync(context, List(context, path));
                break;
            case "POST":
                await CreateAsync(context, path);
                break;
            case "PATCH" when Get(path) is { } before:
                var after = before.DeepClone().AsObject();
                Merge(after, (await ReadAsync(context)).AsObject());
                await FakeCloud.WriteAsync(context, JsonNode.DeepEquals(before, after) ? before : Write(path, after));
                break;
            case "DELETE" when Get(path) is { } gone:
                if (!HoldsDeletions)
                    Remove(path);
                await FakeCloud.WriteAsync(context, gone);
                break;
            default:
                await StatusAsync(context, 404, "NotFound", $"\"{path.Split('/')[^1]}\" not found");
                break;
        }
    }

    public static Task StatusAsync(HttpContext context, int code, string reason, string message) => FakeCloud.WriteAsync(
        context, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Failure", ["reason"] = reason, ["message"] = message, ["code"] = code }, code);

    private static bool WantsTable(HttpContext context) => context.Request.Headers.Accept.ToString().Contains("as=Table", StringComparison.Ordinal);

    private static bool IsCollection(string path) => FakeCloud.Kinds.Any(k => k.Path("default") == path || k.Path(null) == path);

    private JsonObject? Get(string path)
    {
        lock (_lock)
            return _documents.GetValueOrDefault(path)?.DeepClone().AsObject();
    }

    private JsonObject List(HttpContext context, string path)
    {
        lock (_lock)
        {
            var name = context.Request.Query["fieldSelector"].ToString().Replace("metadata.name=", "", StringComparison.Ordinal);
            var found = _documents.Where(d => d.Key.StartsWith(path + "/", StringComparison.Ordinal) || IsIn(d.Key, path))
                .Select(d => d.Value.DeepClone().AsObject()).Where(d => name.Length == 0 || d.Name() == name).ToList();
            var limit = int.Parse(context.Request.Query["limit"].ToString() is { Length: > 0 } l ? l : "500", CultureInfo.InvariantCulture);
            var start = int.Parse(context.Request.Query["continue"].ToString() is { Length: > 0 } c ? c : "0", CultureInfo.InvariantCulture);
            var page = found.Skip(start).Take(Math.Min(limit, 2)).ToList(); // pages of two: every longer list exercises paging
            var list = WantsTable(context) ? Table(page) : new JsonObject { ["kind"] = "List", ["apiVersion"] = "v1", ["items"] = new JsonArray([.. page]) };
            list["metadata"] = new JsonObject { ["resourceVersion"] = _revision.ToString(CultureInfo.InvariantCulture) };
            if (start + page.Count < found.Count)
                list["metadata"]!["continue"] = (start + page.Count).ToString(CultureInfo.InvariantCulture);
            return list;
        }
    }

    private static bool IsIn(string key, string collection) => FakeCloud.Kinds.Any(k =>
        k.Path(null) == collection && key.StartsWith(k.Path("default") + "/", StringComparison.Ordinal));

    private static JsonObject Table(List<JsonObject> resources) => new()
    {
        ["kind"] = "Table",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["columnDefinitions"] = new JsonArray(
            new JsonObject { ["name"] = "Name", ["priority"] = 0 }, new JsonObject { ["name"] = "State", ["priority"] = 0 }, new JsonObject { ["name"] = "Note", ["priority"] = 1 }),
        ["rows"] = new JsonArray([.. resources.Select(r => (JsonNode)new JsonObject
        {
            ["cells"] = new JsonArray(r.Name(), r.TextAt("status.state") ?? "", "noted"),
            ["object"] = new JsonObject { ["metadata"] = r["metadata"]!.DeepClone() },
        })]),
    };

    private async Task CreateAsync(HttpContext context, string collection)
    {
        var document = (await ReadAsync(context)).AsObject();
        var metadata = document["metadata"]!.AsObject();
        metadata["name"] ??= $"{metadata["generateName"]}{++_generated}";
        metadata["creationTimestamp"] = "2026-01-02T03:00:00Z";
        var path = $"{collection}/{document.Name()}";
        if (Get(path) is not null)
            await StatusAsync(context, 409, "AlreadyExists", $"\"{document.Name()}\" already exists");
        else
            await FakeCloud.WriteAsync(context, context.Request.Query["dryRun"] == "All" ? document : Write(path, document), 201);
    }

    private async Task WatchAsync(HttpContext context, string path)
    {
        var revision = long.Parse(context.Request.Query["resourceVersion"]!, CultureInfo.InvariantCulture);
        var name = context.Request.Query["fieldSelector"].ToString().Replace("metadata.name=", "", StringComparison.Ordinal);
        context.Response.ContentType = "application/json";
        await context.Response.Body.FlushAsync(context.RequestAborted);
        while (!context.RequestAborted.IsCancellationRequested)
        {
            Task changed;
            List<(long Revision, string Type, string Path, JsonObject Object)> events;
            lock (_lock)
            {
                changed = _changed.Task;
                events = [.. _history.Where(e => e.Revision > revision && e.Path.StartsWith(path + "/", StringComparison.Ordinal) && (name.Length == 0 || e.Object.Name() == name))];
                revision = _revision;
            }

            foreach (var e in events)
            {
                var item = WantsTable(context) ? Table([e.Object]) : e.Object.DeepClone();
                await context.Response.Body.WriteAsync(JsonText.Utf8(new JsonObject { ["type"] = e.Type, ["object"] = item }), context.RequestAborted);
                await context.Response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
            }

            await context.Response.Body.FlushAsync(context.RequestAborted);
            await changed.WaitAsync(context.RequestAborted);
        }
    }

    private static async Task<JsonNode> ReadAsync(HttpContext context) =>
        (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
                target.Remove(name);
            else if (value is JsonObject inner && target[name] is JsonObject own)
                Merge(own, inner);
            else
                target[name] = value.DeepClone();
        }
    }

    private JsonObject Write(string path, JsonObject document)
    {
        lock (_lock)
        {
            var isNew = !_documents.ContainsKey(path);
            document["metadata"]!["resourceVersion"] = (++_revision).ToString(CultureInfo.InvariantCulture);
            _documents[path] = document;
            Record(isNew ? "ADDED" : "MODIFIED", path, document);
        }

        OnWrite(path, document);
        return document.DeepClone().AsObject();
    }

    private void Remove(string path)
    {
        lock (_lock)
        {
            if (_documents.Remove(path, out var document))
            {
                _revision++;
                Record("DELETED", path, document);
            }
        }
    }

    private void Record(string type, string path, JsonObject document)
    {
        _history.Add((_revision, type, path, document.DeepClone().AsObject()));
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
