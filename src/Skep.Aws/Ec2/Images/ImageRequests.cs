using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;
using Skep.Compute.Kinds;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2.Images;

/// <summary>What the operations that make images share: the rules of names, the pending image, and the import that fills it.</summary>
internal static class ImageRequests
{
    private const int NameMin = 3;
    private const int NameMax = 128;
    private const string NameSigns = "()[] ./-'@_";

    /// <summary>
    /// Adds an image to the call's transaction: in state pending, with the import that makes its disk; or available, when
    /// it has no source, because its disk is a snapshot.
    /// </summary>
    /// <exception cref="AwsException">InvalidAMIName.Malformed, InvalidAMIName.Duplicate.</exception>
    public static string Add(
        AwsCall call, string name, IReadOnlyList<TagSpecification>? tags, ImageImportSource? source, string? nodeName, Action<ImageSpec> describe)
    {
        var (id, spec) = AddImage(call, name, tags, source is null ? "available" : "pending", describe);
        if (source is null)
            return id;
        call.Transaction.Create(ComputeKinds.ImageImport, new ImageImport
        {
            Metadata = new ObjectMeta { Name = id, Namespace = call.Namespace },
            Spec =
            {
                Name = name,
                Source = source,
                ImageId = id,
                NodeName = nodeName,
                BootMode = spec.BootMode,
                Architecture = spec.Architecture,
                DefaultUser = spec.DefaultUser,
            },
        });
        return id;
    }

    /// <summary>Adds an image in state pending, which somebody else fills, to the call's transaction.</summary>
    /// <exception cref="AwsException">InvalidAMIName.Malformed, InvalidAMIName.Duplicate.</exception>
    public static string AddPending(AwsCall call, string name, IReadOnlyList<TagSpecification>? tags, Action<ImageSpec> describe) =>
        AddImage(call, name, tags, "pending", describe).Id;

    private static (string Id, ImageSpec Spec) AddImage(
        AwsCall call, string name, IReadOnlyList<TagSpecification>? tags, string state, Action<ImageSpec> describe)
    {
        CheckName(call, name);
        var id = call.NewId("ami");
        var spec = new ImageSpec { Name = name, Tags = Tagging.ForType(tags, "image", "image", "snapshot") };
        describe(spec);
        var metadata = call.NewMetadata(id);
        metadata.Finalizers = [Compute.Kinds.Image.Finalizer];
        call.Transaction.Create(ComputeKinds.Image, new ImageResource { Metadata = metadata, Spec = spec, Status = new ImageStatus { State = state } });
        return (id, spec);
    }

    private static void CheckName(AwsCall call, string name)
    {
        if (name.Length is < NameMin or > NameMax || !name.All(c => char.IsAsciiLetterOrDigit(c) || NameSigns.Contains(c, StringComparison.Ordinal)))
            throw Ec2Errors.ImageNameMalformed($"AMI names have {NameMin} to {NameMax} letters, digits and signs of {NameSigns}");
        if (call.List(ComputeKinds.Image, after: null).FirstOrDefault(i => i.Spec.Name == name) is { } other)
            throw Ec2Errors.ImageNameDuplicate(name, other.Metadata.Name);
    }
}
