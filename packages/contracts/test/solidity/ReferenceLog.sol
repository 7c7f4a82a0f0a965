// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice RFC 6962 section 2.1 as it is written: the recursive definitions of MTH, PATH and SUBPROOF.
/// @dev Shares nothing with MerkleLog, which follows the iterative verifiers of RFC 9162.
library ReferenceLog {
    function root(bytes32[] memory leaves, uint256 start, uint256 end) internal pure returns (bytes32) {
        if (end == start) return sha256("");
        if (end - start == 1) return leaves[start];
        uint256 split = start + splitOf(end - start);
        return sha256(abi.encodePacked(bytes1(0x01), root(leaves, start, split), root(leaves, split, end)));
    }

    function inclusion(
        bytes32[] memory leaves,
        uint256 index,
        uint256 start,
        uint256 end
    ) internal pure returns (bytes32[] memory) {
        if (end - start == 1) return new bytes32[](0);
        uint256 split = start + splitOf(end - start);
        return
            index < split
                ? append(inclusion(leaves, index, start, split), root(leaves, split, end))
                : append(inclusion(leaves, index, split, end), root(leaves, start, split));
    }

    function consistency(
        bytes32[] memory leaves,
        uint256 size1,
        uint256 size2
    ) internal pure returns (bytes32[] memory) {
        return size1 == 0 ? new bytes32[](0) : subproof(leaves, size1, 0, size2, true);
    }

    function subproof(
        bytes32[] memory leaves,
        uint256 size1,
        uint256 start,
        uint256 end,
        bool isComplete
    ) internal pure returns (bytes32[] memory) {
        uint256 size = end - start;
        if (size1 == size) {
            return isComplete ? new bytes32[](0) : append(new bytes32[](0), root(leaves, start, end));
        }
        uint256 half = splitOf(size);
        uint256 split = start + half;
        return
            size1 <= half
                ? append(subproof(leaves, size1, start, split, isComplete), root(leaves, split, end))
                : append(subproof(leaves, size1 - half, split, end, false), root(leaves, start, split));
    }

    /// @dev The largest power of two smaller than `size`.
    function splitOf(uint256 size) internal pure returns (uint256 split) {
        split = 1;
        while (split * 2 < size) split *= 2;
    }

    function append(bytes32[] memory list, bytes32 last) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = last;
    }

    /// @dev `size` different leaves that depend on `seed`.
    function leavesOf(uint256 seed, uint256 size) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) leaves[i] = sha256(abi.encode(seed, i));
    }
}
