namespace Skep.Compute.Images;

/// <summary>How far the making of an image has come: a sentence, and the part done from 0 to 1.</summary>
public sealed record ImageBuildProgress(string Message, double Fraction);
