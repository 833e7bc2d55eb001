namespace Skep.Compute.Images;

/// <summary>A disk image that was just made: a qcow2 file that stands alone, and what instances need to know of it.</summary>
/// <param name="Path">The file; whoever takes it moves it away.</param>
/// <param name="Architecture">x86_64 or arm64.</param>
/// <param name="BootMode">uefi, bios or uefi-preferred.</param>
/// <param name="DefaultUser">The login name that gets the key; null when unknown.</param>
/// <param name="Description">One line for people.</param>
public sealed record BuiltImage(string Path, string Architecture, string BootMode, string? DefaultUser, string Description);
