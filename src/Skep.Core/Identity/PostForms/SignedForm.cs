namespace Skep.Core.Identity.PostForms;

/// <summary>A browser's upload whose signature and fields were found right; its file's length is still to be checked.</summary>
/// <param name="Identity">Who signed it.</param>
/// <param name="Policy">The policy that it met; <see cref="PostPolicy.CheckLength"/> judges the file.</param>
public sealed record SignedForm(SigV4Identity Identity, PostPolicy Policy);
