namespace Skep.Compute.Images;

/// <summary>Makes an image out of the distribution's packages.</summary>
public interface IImageBuilder
{
    /// <summary>What the user calls it: "tiny", "debian-12".</summary>
    string Name { get; }

    /// <summary>Builds in <paramref name="directory"/>, an empty directory that the caller removes afterwards.</summary>
    /// <exception cref="ImageBuildException">A tool is missing or failed; the message says which and what it said.</exception>
    Task<BuiltImage> BuildAsync(string directory, IProgress<ImageBuildProgress> progress, CancellationToken ct);
}
