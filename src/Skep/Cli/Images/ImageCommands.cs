using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Completion;
using Skep.Cli.Output;
using Skep.Cli.Resources;
using Skep.Cli.Vm;

namespace Skep.Cli.Images;

/// <summary><c>skep image</c>.</summary>
internal static class ImageCommands
{
    private static readonly string[] _columns = ["Name", "Id", "State", "Arch", "Boot", "Size", "User", "Age"];
    private static readonly string[] _bootModes = ["uefi", "bios", "uefi-preferred"];
    private static readonly string[] _architectures = ["x86_64", "arm64"];

    /// <summary>Makes the group of verbs.</summary>
    public static Command Create(CliContext context) => new Verb(
        "image",
        "Look after the disk images that machines start from.",
        "skep image list",
        "skep image build debian-12",
        "skep image pull ubuntu-24.04",
        "skep image import ./appliance.qcow2 --name appliance")
    {
        CreateList(context),
        CreateBuild(context),
        CreatePull(context),
        CreateImport(context),
        CreateRemove(context),
    };

    private static Verb CreateList(CliContext context)
    {
        var output = OutputOption.Create();
        var verb = new Verb("list", "List images.", "skep image list", "skep image list -o json") { output };
        verb.Aliases.Add("ls");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var images = await ImageList.LoadAsync(client, ct);
            var format = OutputOption.Read(parsed, output);
            if (format is OutputFormat.Json or OutputFormat.Yaml or OutputFormat.Name)
            {
                var list = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. images.All.Select(i => i.DeepClone())]) };
                new ResourcePrinter(context.Out, format).WriteDocument(ApiResource.Images, list);
            }
            else if (images.All.Count == 0)
            {
                await context.Error.WriteLineAsync("no images; `skep image build debian-12` makes one");
            }
            else
            {
                await context.Out.WriteAsync(TextTable.Render(_columns, [.. images.All.Select(i => Row(i, context.Time.GetUtcNow()))]));
            }

            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateBuild(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = $"What to build: {string.Join(" or ", ImageSource.Builds)}." };
        name.AcceptOnlyFromAmong([.. ImageSource.Builds]);
        var verb = new Verb(
            "build",
            "Build an image from the distribution's packages; needs mmdebstrap and the network, a minute or two.",
            "skep image build debian-12              # systemd, cloud-init, OpenSSH",
            "skep image build tiny                   # busybox and dropbear: boots in seconds")
        {
            name,
        };
        return WithMaking(context, verb, parsed => (ImageSource.Build(parsed.GetRequiredValue(name)), parsed.GetRequiredValue(name), []));
    }

    private static Verb CreatePull(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = $"What to download: {string.Join(", ", ImageSource.Downloads)}." };
        name.AcceptOnlyFromAmong([.. ImageSource.Downloads]);
        var verb = new Verb("pull", "Download a distribution's cloud image and check its checksum.", "skep image pull debian-13", "skep image pull ubuntu-24.04 --name jammy-next")
        {
            name,
        };
        return WithMaking(context, verb, parsed => (ImageSource.Pull(parsed.GetRequiredValue(name)), parsed.GetRequiredValue(name), []));
    }

    private static Verb CreateImport(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "A qcow2 or raw disk image on this machine." };
        var boot = new Option<string?>("--boot-mode") { Description = $"{string.Join(", ", _bootModes)} (default: what the disk looks like).", HelpName = "MODE" };
        boot.AcceptOnlyFromAmong(_bootModes);
        var architecture = new Option<string?>("--architecture") { Description = $"{string.Join(" or ", _architectures)} (default: this machine's).", HelpName = "ARCH" };
        architecture.AcceptOnlyFromAmong(_architectures);
        var user = new Option<string?>("--user") { Description = "The login name that the image's cloud-init gives the key.", HelpName = "NAME" };
        var verb = new Verb("import", "Take in a disk image file; the file itself stays as it is.", "skep image import ./appliance.qcow2 --name appliance --user admin", "skep image import /srv/disk.raw --boot-mode bios")
        {
            file, boot, architecture, user,
        };
        return WithMaking(context, verb, parsed =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            if (!File.Exists(path))
                throw new CliException($"{path}: no such file", ExitCode.NotFound);
            var spec = new JsonObject();
            Set(spec, "bootMode", parsed.GetValue(boot));
            Set(spec, "architecture", parsed.GetValue(architecture));
            Set(spec, "defaultUser", parsed.GetValue(user));
            return (ImageSource.File(path), Path.GetFileNameWithoutExtension(path), spec);
        });
    }

    /// <summary>What build, pull and import share: --name, --no-wait, and following the work.</summary>
    private static Verb WithMaking(CliContext context, Verb verb, Func<ParseResult, (ImageSource Source, string Name, JsonObject Spec)> read)
    {
        var rename = new Option<string?>("--name", "-n") { Description = "The image's name (default: the source's own).", HelpName = "NAME" };
        var noWait = new Option<bool>("--no-wait") { Description = "Return at once and leave the work to the daemon." };
        var timeout = Durations.Option("--timeout", "How long to wait.", ImageMaker.TimeoutDefault);
        verb.Add(rename);
        verb.Add(noWait);
        verb.Add(timeout);
        verb.SetAction(async (parsed, ct) =>
        {
            var (source, nameDefault, spec) = read(parsed);
            using var client = context.Connect(parsed);
            var name = parsed.GetValue(rename) ?? nameDefault;
            var images = await ImageList.LoadAsync(client, ct);
            if (images.All.FirstOrDefault(i => ImageList.NameOf(i) == name && ImageList.StateOf(i) is "available" or "pending") is { } other)
                throw new CliException($"there is an image {ImageList.DisplayName(other)} already", ExitCode.Conflict, $"Give the new one another name with --name, or `skep image remove {name}` first.");
            spec["name"] = name;
            if (parsed.GetValue(noWait))
            {
                var import = await ImageMaker.BeginAsync(client, source, spec, ct);
                await context.Out.WriteAsync($"{ApiResource.ImageImports.SingularName}/{import}\n");
                return ExitCode.Success;
            }

            var image = await ImageMaker.MakeAsync(context, client, source, spec, parsed.GetValue(timeout), ct);
            await context.Out.WriteAsync($"{image.Name()}\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static Verb CreateRemove(CliContext context)
    {
        var names = new Argument<string[]>("IMAGE") { Description = "Names or ids.", Arity = ArgumentArity.OneOrMore };
        names.CompletionSources.Add(LiveNames.Images(context));
        var verb = new Verb("remove", "Remove images that no machine uses, with their files. Asks when a person types.", "skep image remove tiny", "skep image remove ami-0123456789abcdef0 --yes")
        {
            names,
        };
        verb.Aliases.Add("rm");
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var images = await ImageList.LoadAsync(client, ct);
            var found = parsed.GetRequiredValue(names).Select(images.Find).DistinctBy(i => i.Name()).ToList();
            var vms = await VmList.LoadAsync(client, ct);
            foreach (var image in found)
            {
                if (vms.Alive.Where(v => v.TextAt("spec.imageId") == image.Name()).Select(VmList.DisplayName).ToList() is { Count: > 0 } users)
                    throw new CliException($"{ImageList.DisplayName(image)} is used by {string.Join(", ", users)}", ExitCode.Conflict, "Their disks are made on top of it; terminate them first.");
            }

            if (context.IsInteractive && !await context.ConfirmAsync(parsed, $"Remove {string.Join(", ", found.Select(ImageList.DisplayName))}?", ct))
                throw new CliException("nothing removed", ExitCode.Declined);
            foreach (var image in found)
            {
                await client.Resources.DeleteAsync(ApiResource.Images, ResourceOptions.NamespaceDefault, image.Name(), ct);
                await context.Out.WriteAsync($"{ImageList.DisplayName(image)} removed\n");
            }

            return ExitCode.Success;
        });
        return verb;
    }

    private static void Set(JsonObject spec, string member, string? value)
    {
        if (value is not null)
            spec[member] = value;
    }

    private static string[] Row(JsonObject image, DateTimeOffset now) =>
    [
        ImageList.NameOf(image),
        image.Name(),
        ImageList.StateOf(image),
        image.TextAt("spec.architecture") ?? "",
        image.TextAt("spec.bootMode") ?? "",
        Size(image.TextAt("spec.sizeBytes")),
        image.TextAt("spec.defaultUser") ?? "-",
        Age.Of(image.TextAt("metadata.creationTimestamp"), now),
    ];

    private static string Size(string? bytes) =>
        long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count >= 1L << 30 ? $"{count / (double)(1L << 30):0.#} GiB" : $"{count >> 20} MiB"
            : "-";
}
