using Skep.Compute.Kinds;
using Skep.Core.Resources;

namespace Skep.Compute.Images;

/// <summary>The rules of kind ImageImport.</summary>
internal static class ImageImportRules
{
    /// <summary>EC2's limits of an image's name.</summary>
    private const int NameMin = 3;
    private const int NameMax = 128;

    public static IEnumerable<FieldError> Validate(ImageImport value, ImageImport? old)
    {
        var source = value.Spec.Source;
        string?[] members = [source.Build, source.Catalog, source.Path, source.Volume];
        if (members.Count(m => m is not null) != 1)
            yield return new("spec.source", FieldErrorReason.Required, "exactly one of build, catalog, path and volume is required");
        if (source.Build is { } build && !ImageBuilders.Names.Contains(build))
            yield return new("spec.source.build", FieldErrorReason.NotSupported, $"\"{build}\" cannot be built; supported: {string.Join(", ", ImageBuilders.Names)}");
        if (source.Catalog is { } name && Catalog.Find(name) is null)
            yield return new("spec.source.catalog", FieldErrorReason.NotSupported, $"\"{name}\" is not in the catalog; supported: {string.Join(", ", Catalog.Names)}");
        if (source.Path is { } path && !path.StartsWith('/'))
            yield return new("spec.source.path", FieldErrorReason.Invalid, $"\"{path}\" is not an absolute path");
        if (value.Spec.Name is { Length: < NameMin or > NameMax } badName)
            yield return new("spec.name", FieldErrorReason.Invalid, $"a name has {NameMin} to {NameMax} characters, this one {badName.Length}");
        if (value.Spec.Name is null && (source.Path ?? source.Volume) is not null)
            yield return new("spec.name", FieldErrorReason.Required, "a name is required for an image from a file or a volume");
        if (value.Spec.BootMode is { } mode && mode is not ("uefi" or "bios" or "uefi-preferred"))
            yield return new("spec.bootMode", FieldErrorReason.NotSupported, $"\"{mode}\" is none of uefi, bios, uefi-preferred");
        if (value.Spec.Architecture is { } architecture && architecture is not ("x86_64" or "arm64"))
            yield return new("spec.architecture", FieldErrorReason.NotSupported, $"\"{architecture}\" is none of x86_64, arm64");
        if (old is not null && Describe(old.Spec.Source) != Describe(source))
            yield return new("spec.source", FieldErrorReason.Forbidden, "the source cannot be changed; delete this and create another");
    }

    private static string Describe(ImageImportSource source) => $"{source.Build}|{source.Catalog}|{source.Path}|{source.Volume}";
}
