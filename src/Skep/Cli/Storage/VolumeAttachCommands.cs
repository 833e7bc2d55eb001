using System.CommandLine;
using System.Text.Json.Nodes;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Cli.Vm;

namespace Skep.Cli.Storage;

/// <summary><c>skep volume attach</c> and <c>skep volume detach</c>.</summary>
internal static class VolumeAttachCommands
{
    /// <summary>The letters that EC2 recommends for data volumes: /dev/sdf to /dev/sdp.</summary>
    private const string DeviceLetters = "fghijklmnop";

    /// <summary>attach.</summary>
    public static Command CreateAttach(CliContext context)
    {
        var volume = StorageArguments.Volume(context);
        var vm = VmArguments.One(context);
        var device = new Option<string?>("--device", "-d") { Description = "The device's name (default: the first free one of /dev/sdf to /dev/sdp).", HelpName = "DEVICE" };
        var noWait = StorageArguments.NoWait();
        var timeout = StorageArguments.Timeout();
        var verb = new Verb("attach", "Attach a volume to a virtual machine, running or stopped.", "skep volume attach data web", "skep volume attach data web --device /dev/sdg") { volume, vm, device, noWait, timeout };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var disk = (await StorageList.VolumesAsync(client, ct)).Find(parsed.GetRequiredValue(volume));
            var machine = (await VmList.LoadAsync(client, ct)).Find(parsed.GetRequiredValue(vm));
            var name = parsed.GetValue(device) ?? FreeDevice(machine);
            await client.Ec2.CallAsync("AttachVolume", [("VolumeId", disk.Name()), ("InstanceId", machine.Name()), ("Device", name)], ct);
            if (!parsed.GetValue(noWait))
                await StorageWait.ForVolumeAsync(context, client, disk.Name(), $"Attaching {StorageList.DisplayName(disk)}", parsed.GetValue(timeout), ct, "in-use");
            await context.Out.WriteAsync($"{StorageList.DisplayName(disk)} attached to {VmList.DisplayName(machine)} as {name}\n");
            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>detach.</summary>
    public static Command CreateDetach(CliContext context)
    {
        var volume = StorageArguments.Volume(context);
        var force = new Option<bool>("--force") { Description = "Do not wait for the guest's consent for ever; what it has not written is lost." };
        var noWait = StorageArguments.NoWait();
        var timeout = StorageArguments.Timeout();
        var verb = new Verb("detach", "Detach a volume from its virtual machine; unmount it in the guest first.", "skep volume detach data", "skep volume detach data --force") { volume, force, noWait, timeout };
        verb.SetAction(async (parsed, ct) =>
        {
            using var client = context.Connect(parsed);
            var disk = (await StorageList.VolumesAsync(client, ct)).Find(parsed.GetRequiredValue(volume));
            IEnumerable<(string, string)> parameters = [("VolumeId", disk.Name())];
            if (parsed.GetValue(force))
                parameters = parameters.Append(("Force", "true"));
            await client.Ec2.CallAsync("DetachVolume", parameters, ct);
            if (!parsed.GetValue(noWait))
                await StorageWait.ForVolumeAsync(context, client, disk.Name(), $"Detaching {StorageList.DisplayName(disk)}", parsed.GetValue(timeout), ct, "available");
            await context.Out.WriteAsync($"{StorageList.DisplayName(disk)} detached\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static string FreeDevice(JsonNode machine)
    {
        var taken = machine.ItemsAt("spec.blockDevices").Select(d => d.TextAt("deviceName") ?? "").ToList();
        foreach (var letter in DeviceLetters)
        {
            if (!taken.Exists(t => t == $"/dev/sd{letter}" || t == $"/dev/xvd{letter}"))
                return $"/dev/sd{letter}";
        }

        throw new CliException($"{VmList.DisplayName(machine)} has no free device of /dev/sd{DeviceLetters[0]} to /dev/sd{DeviceLetters[^1]}", ExitCode.Conflict, "Name another one with --device.");
    }
}
