namespace Skep.Scheduling;

/// <summary>Why a placement failed.</summary>
/// <param name="Message">A sentence with the sizes: what is needed, what there is.</param>
/// <param name="IsPermanent">No node could ever hold it, even empty: waiting does not help.</param>
/// <param name="Placed">How many of the requests would have fitted, in their order.</param>
public sealed record InsufficientCapacity(string Message, bool IsPermanent, int Placed);
