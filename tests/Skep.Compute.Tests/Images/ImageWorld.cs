using Microsoft.Extensions.Logging.Abstractions;
using Skep.Compute.Images;
using Skep.Compute.Kinds;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Testing;

namespace Skep.Compute.Tests.Images;

/// <summary>A data directory and the agents of images, driven by hand.</summary>
internal sealed class ImageWorld : IAsyncDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    private ImageWorld(TestResources resources, SkepOptions options)
    {
        Resources = resources;
        Options = options;
        Store = new ImageStore(options);
        var runner = new CommandRunner(TimeProvider.System);
        var importer = new ImageImporter(Store, new ImageBuilders([Builder]), new ImageDownloader(_http, TimeProvider.System), runner, resources.Client);
        Imports = new ImageImportAgent(resources.Client, importer, Store, options, NullLogger<ImageImportAgent>.Instance);
        Images = new ImageAgent(resources.Client, Store, options);
    }

    public TestResources Resources { get; }
    public SkepOptions Options { get; }
    public ImageStore Store { get; }
    public ImageImportAgent Imports { get; }
    public ImageAgent Images { get; }

    /// <summary>Stands for the builder of "tiny": works until it is cancelled.</summary>
    public EndlessBuilder Builder { get; } = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<ImageWorld> CreateAsync(bool isSimulated = false)
    {
        var volume = new Kind<Namespace>(CoreJson.Default.Namespace) { Group = "storage.skep.dev", Name = "Volume", Plural = "volumes" };
        var resources = await TestResources.CreateAsync([.. ComputeKinds.All, volume], Ct);
        var directory = Directory.CreateTempSubdirectory("skep-images-").FullName;
        // Machines' user passes through the data directory, as it does through a real one.
        File.SetUnixFileMode(directory, (UnixFileMode)0x1c9); // 0711
        return new ImageWorld(resources, new SkepOptions { DataDirectory = directory, NodeName = "node", HostPrefix = "skTst", IsSimulated = isSimulated });
    }

    /// <summary>Creates an import, lets the agent work on it, and returns how it ended.</summary>
    public async Task<ImageImport> ImportAsync(ImageImportSource source, string? name, string? imageId = null)
    {
        var key = await BeginAsync(source, name, imageId);
        await foreach (var batch in Resources.Store.WatchAsync(key.GroupResource, afterRevision: 0, Ct))
        {
            if (batch.Events.Select(e => e.Resource.View(ComputeKinds.ImageImport)).LastOrDefault(i => i.Status?.CompletionTime is not null) is { } done)
                return done;
        }

        throw new InvalidOperationException("the watch ended");
    }

    public async Task<ResourceKey> BeginAsync(ImageImportSource source, string? name, string? imageId = null)
    {
        var made = await Resources.Client.CreateAsync(ComputeKinds.ImageImport, new ImageImport
        {
            Metadata = { GenerateName = "import-", Namespace = "default" },
            Spec = new ImageImportSpec { Name = name, Source = source, ImageId = imageId },
        }, Ct);
        var key = ComputeKinds.ImageImport.Key("default", made.Metadata.Name);
        await Imports.ReconcileAsync(key, Ct);
        return key;
    }

    public Image Image(string id) => Resources.Client.View.Get(ComputeKinds.Image, "default", id)!;

    public async ValueTask DisposeAsync()
    {
        await Imports.DisposeAsync();
        await Resources.DisposeAsync();
        _http.Dispose();
        Directory.Delete(Options.DataDirectory, recursive: true);
    }
}

/// <summary>Leaves a file in its directory and then works until it is cancelled.</summary>
internal sealed class EndlessBuilder : IImageBuilder
{
    private readonly TaskCompletionSource<string> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => "tiny";

    /// <summary>The working directory, once the build runs.</summary>
    public Task<string> Started => _started.Task;

    public bool IsCancelled { get; private set; }

    public async Task<BuiltImage> BuildAsync(string directory, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "half"), "half", ct);
        _started.TrySetResult(directory);
        var end = new TaskCompletionSource();
        await using (ct.Register(() => end.TrySetCanceled(ct)))
        {
            try
            {
                await end.Task;
            }
            finally
            {
                IsCancelled = true;
            }
        }

        throw new InvalidOperationException("unreachable");
    }
}
