using Skep.Compute.Images.Debian;
using Skep.Compute.Images.Tiny;
using Skep.Linux;

namespace Skep.Compute.Images;

/// <summary>What <c>skep image build</c> can make.</summary>
public sealed class ImageBuilders(IEnumerable<IImageBuilder> builders)
{
    private readonly IImageBuilder[] _builders = [.. builders];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["tiny", "debian-12"];

    /// <summary>All there are.</summary>
    public static ImageBuilders Make(CommandRunner runner) => new([new TinyImageBuilder(runner), new DebianImageBuilder(runner)]);

    /// <summary>The builder of a name, or null.</summary>
    public IImageBuilder? Find(string name) => Array.Find(_builders, b => b.Name == name);
}
