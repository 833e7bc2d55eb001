using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace Skep.Objects.Checksums;

/// <summary>The processor's carry-less multiplication: PCLMULQDQ, or PMULL on arm64.</summary>
internal static class CarrylessMultiply
{
    /// <summary>Whether the processor has it.</summary>
    public static bool IsSupported => Pclmulqdq.IsSupported || ArmAes.IsSupported;

    /// <summary>The sum of the products of both low and both high words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Fold(Vector128<ulong> value, Vector128<ulong> factors) =>
        Pclmulqdq.IsSupported
            ? Pclmulqdq.CarrylessMultiply(value, factors, 0x00) ^ Pclmulqdq.CarrylessMultiply(value, factors, 0x11)
            : ArmAes.PolynomialMultiplyWideningLower(value.GetLower(), factors.GetLower()) ^ ArmAes.PolynomialMultiplyWideningUpper(value, factors);
}
