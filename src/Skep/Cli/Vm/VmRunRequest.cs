using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Core.Resources;

namespace Skep.Cli.Vm;

/// <summary>What <c>RunInstances</c> is asked for.</summary>
internal sealed record VmRunRequest
{
    private const int UserDataMax = 16 * 1024; // bytes, EC2's limit before base64

    /// <summary>The image's resource.</summary>
    public required JsonObject Image { get; init; }

    /// <summary>For example t3.small.</summary>
    public required string InstanceType { get; init; }

    /// <summary>The Name tag; with several machines a number is added.</summary>
    public string? Name { get; init; }

    /// <summary>The key pair.</summary>
    public string? KeyName { get; init; }

    /// <summary>What cloud-init gets.</summary>
    public byte[]? UserData { get; init; }

    /// <summary>The root disk's size; the image's own when null.</summary>
    public int? DiskGib { get; init; }

    /// <summary>How many.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Reads a user data file.</summary>
    /// <exception cref="CliException">It cannot be read or is too large.</exception>
    public static async Task<byte[]> ReadUserDataAsync(string path, CancellationToken ct)
    {
        try
        {
            var size = new FileInfo(path).Length;
            return size <= UserDataMax
                ? await File.ReadAllBytesAsync(path, ct)
                : throw new CliException($"{path} has {size} bytes; user data may have {UserDataMax}", ExitCode.Usage, "Let it fetch the rest, or compress it with gzip.");
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException($"{path}: no such file", ExitCode.NotFound);
        }
    }

    /// <summary>Calls RunInstances, and names the machines when there are several.</summary>
    /// <returns>Their ids.</returns>
    public async Task<IReadOnlyList<string>> SendAsync(SkepClient client, IIdSource ids, CancellationToken ct)
    {
        var answer = await client.Ec2.CallAsync("RunInstances", Parameters(ids.NewUid()), ct);
        List<string> made = [.. answer.ItemsOf("instancesSet").Select(i => i.TextOf("instanceId"))];
        if (Name is not null && Count > 1)
        {
            for (var i = 0; i < made.Count; i++)
                await client.Ec2.CallAsync("CreateTags", [("ResourceId.1", made[i]), ("Tag.1.Key", "Name"), ("Tag.1.Value", NameOf(i))], ct);
        }

        return made;
    }

    /// <summary>The name of the machine of a number from 0.</summary>
    public string NameOf(int index) => Count > 1 ? $"{Name}-{index + 1}" : Name!;

    /// <summary>EC2's parameters.</summary>
    internal IEnumerable<(string Name, string Value)> Parameters(string clientToken)
    {
        yield return ("ImageId", Image.Name());
        yield return ("InstanceType", InstanceType);
        yield return ("MinCount", Count.ToString());
        yield return ("MaxCount", Count.ToString());
        yield return ("ClientToken", clientToken);
        if (KeyName is not null)
            yield return ("KeyName", KeyName);
        if (UserData is not null)
            yield return ("UserData", Convert.ToBase64String(UserData));
        if (DiskGib is { } gib)
        {
            yield return ("BlockDeviceMapping.1.DeviceName", Image.TextAt("spec.rootDeviceName") ?? "/dev/xvda");
            yield return ("BlockDeviceMapping.1.Ebs.VolumeSize", gib.ToString());
        }

        if (Name is not null && Count == 1)
        {
            yield return ("TagSpecification.1.ResourceType", "instance");
            yield return ("TagSpecification.1.Tag.1.Key", "Name");
            yield return ("TagSpecification.1.Tag.1.Value", Name);
        }
    }
}
