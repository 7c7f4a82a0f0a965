// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleLog} from "../../contracts/MerkleLog.sol";

/// @notice Runs many proofs through the verifiers in one call, and names the first whose answer is not the expected one.
/// @dev Cases stand one after the other in `words`: a header of four uint64 (index or size1, size or size2, number of
/// proof elements, expected answer), then leaf and root or root1 and root2, then the proof.
contract MerkleLogHarness {
    uint256 public constant NONE = type(uint256).max;

    function firstWrongInclusion(bytes32[] calldata words) external view returns (uint256) {
        uint256 cursor = 0;
        for (uint256 i = 0; cursor < words.length; ++i) {
            (uint64 index, uint64 size, uint256 end, bool isExpected) = _header(words[cursor], cursor);
            bytes32[] calldata proof = words[cursor + 3:end];
            if (MerkleLog.verifyInclusion(words[cursor + 1], index, size, words[cursor + 2], proof) != isExpected) return i;
            cursor = end;
        }
        return NONE;
    }

    function firstWrongConsistency(bytes32[] calldata words) external view returns (uint256) {
        uint256 cursor = 0;
        for (uint256 i = 0; cursor < words.length; ++i) {
            (uint64 size1, uint64 size2, uint256 end, bool isExpected) = _header(words[cursor], cursor);
            bytes32[] calldata proof = words[cursor + 3:end];
            if (MerkleLog.verifyConsistency(size1, size2, words[cursor + 1], words[cursor + 2], proof) != isExpected) return i;
            cursor = end;
        }
        return NONE;
    }

    function hashChildren(bytes32 left, bytes32 right) external view returns (bytes32) {
        return MerkleLog.hashChildren(left, right);
    }

    /// @notice The execution gas of one inclusion check, without the transaction around it.
    function inclusionGas(
        bytes32 leaf,
        uint64 index,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (uint256 spent, bool isIncluded) {
        uint256 before = gasleft();
        isIncluded = MerkleLog.verifyInclusion(leaf, index, size, root, proof);
        spent = before - gasleft();
    }

    function _header(bytes32 word, uint256 cursor) private pure returns (uint64, uint64, uint256, bool) {
        uint256 header = uint256(word);
        return (uint64(header >> 192), uint64(header >> 128), cursor + 3 + uint64(header >> 64), header & 1 == 1);
    }
}
