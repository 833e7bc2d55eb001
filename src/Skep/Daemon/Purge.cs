using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Skep.Cli;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;
using Skep.Core.Observability;
using Skep.S3;

namespace Skep.Daemon;

/// <summary>
/// Removes a cloud from this machine: runs the rooms without a gateway until the agents have taken down every instance,
/// network and disk, looks whether anything is left on the host, then removes the data directory.
/// </summary>
internal sealed class Purge(string dataDirectory, TimeProvider time, Action<string> report)
{
    /// <summary>A guest gets time to power down, then QEMU is killed: longer than this means that something is wrong.</summary>
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(100);
    private static readonly GroupResource _instances = new("compute.skep.dev", "instances");
    private readonly IIdSource _ids = new RandomIdSource(fill: null);

    /// <summary>Does it. Nobody else may have the data directory.</summary>
    /// <exception cref="CliException">Something could not be removed; the data directory is then still there, and a second
    /// run goes on where this one stopped.</exception>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            using var directory = DataDirectory.Open(dataDirectory, ProductVersion.Text, _ids);
            if (NodeSettings.Read(dataDirectory) is { } settings)
                await RemoveResourcesAsync(directory, settings, ct);
            RequireCleanHost(directory.HostPrefix);
            RemoveFiles();
        }
        catch (Exception ex) when (ex is DataDirectoryException or IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CliException(ex.Message);
        }
    }

    private async Task RemoveResourcesAsync(DataDirectory directory, NodeSettings settings, CancellationToken ct)
    {
        var skep = new SkepOptions
        {
            DataDirectory = directory.FullPath,
            NodeName = settings.NodeName,
            IsSimulated = settings.Simulated,
            HostPrefix = directory.HostPrefix,
        };
        var rooms = Composition.CreateRooms(new S3Options());
        var kinds = new KindRegistry([.. CoreKinds.All, .. rooms.SelectMany(r => r.Kinds)]);
        await using var store = await ResourceStore.OpenAsync(new SqliteLog(directory.FullPath, kinds), ct);
        var resources = new ResourceClient(store, kinds, time, _ids);
        if (Held(store.View, kinds).FirstOrDefault() is null)
            return;

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = skep.DataDirectory, ApplicationName = "skep" });
        DaemonLogging.AddFile(builder.Logging, skep.PathOf(JsonFileLoggerProvider.FileName), time);
        DaemonServices.Add(builder.Services, skep, rooms, resources);
        using var host = builder.Build();
        await DaemonServices.StartAsync(host, ct);
        try
        {
            // Instances first: their agents take their interfaces and volumes along in an orderly way.
            await RemoveAsync(resources, view => view.List(_instances, ns: null, after: null), ct);
            await RemoveAsync(resources, view => Held(view, kinds), ct);
        }
        finally
        {
            await host.StopAsync(CancellationToken.None);
        }
    }

    /// <summary>Deletes resources until there are none; new ones may appear while others go.</summary>
    private async Task RemoveAsync(ResourceClient resources, Func<View, IEnumerable<Resource>> remaining, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(_timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var timer = new PeriodicTimer(_pollPeriod, time);
        try
        {
            while (remaining(resources.View).ToList() is { Count: > 0 } left)
            {
                foreach (var resource in left.Where(r => r.Metadata.DeletionTimestamp is null))
                {
                    report($"removing {resource.Key.GroupResource.Resource} {resource.Key.Name}");
                    await resources.DeleteAsync(resource.Key, either.Token);
                }

                await timer.WaitForNextTickAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            var left = string.Join(", ", remaining(resources.View).Select(r => $"{r.Key.GroupResource.Resource} {r.Key.Name}").Take(10));
            throw new CliException($"not gone after {_timeout.TotalMinutes:0} minutes: {left}. {Path.Combine(dataDirectory, JsonFileLoggerProvider.FileName)} says why; run the same again to go on", ExitCode.TimedOut);
        }
    }

    /// <summary>What something on a host stands behind: resources that an agent holds with a finalizer (namespaces have one too).</summary>
    private static IEnumerable<Resource> Held(View view, KindRegistry kinds) =>
        kinds.All.Where(kind => kind != CoreKinds.Namespace).SelectMany(kind => view.List(kind.GroupResource, ns: null, after: null)).Where(r => r.Metadata.Finalizers is { Count: > 0 });

    private static void RequireCleanHost(string prefix)
    {
        var left = Entries("/run/netns").Select(n => $"network namespace {n}")
            .Concat(Entries("/sys/class/net").Select(n => $"network device {n}"))
            .ToList();
        if (left.Count > 0)
            throw new CliException($"left on this machine: {string.Join(", ", left)}. Run the same again as root");

        IEnumerable<string> Entries(string directory) => Directory.Exists(directory)
            ? Directory.EnumerateFileSystemEntries(directory).Select(e => Path.GetFileName(e)).Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            : [];
    }

    private void RemoveFiles()
    {
        foreach (var entry in new DirectoryInfo(dataDirectory).EnumerateFileSystemInfos())
        {
            // A link is removed, never what it points to.
            if (entry is DirectoryInfo { LinkTarget: null } inner)
                inner.Delete(recursive: true);
            else
                entry.Delete();
        }

        try
        {
            Directory.Delete(dataDirectory);
        }
        catch (IOException)
        {
            report($"{dataDirectory} is empty now, but stays: it is a mount point"); // nothing else keeps an empty directory
        }
    }
}
